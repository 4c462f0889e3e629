"""python-lsp-jsonrpc: Content-Length framing on the Unix socket."""

import socket
import sys
import threading

from pylsp_jsonrpc.endpoint import Endpoint
from pylsp_jsonrpc.exceptions import JsonRpcException
from pylsp_jsonrpc.streams import JsonRpcStreamReader, JsonRpcStreamWriter

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
reader = JsonRpcStreamReader(connection.makefile("rb"))
endpoint = Endpoint({}, JsonRpcStreamWriter(connection.makefile("wb")).write)
threading.Thread(target=reader.listen, args=[endpoint.consume], daemon=True).start()

assert endpoint.request("system.ping", {"payload": "é🚀"}).result(20) == {"payload": "é🚀"}
calls = [endpoint.request("system.ping", {"payload": number}) for number in range(200)]
assert [call.result(20)["payload"] for call in calls] == list(range(200))
endpoint.notify("system.ping", {"payload": "nobody hears"})
try:
    endpoint.request("system.pong", {}).result(20)
    raise SystemExit("an unknown method was answered")
except JsonRpcException as error:
    assert error.code == -32601, error.code
    assert error.data["error"]["code"] == "METHOD_NOT_FOUND"
    assert "system.ping" in error.message
assert endpoint.request("system.health", {}).result(20) == {"status": "ok"}
