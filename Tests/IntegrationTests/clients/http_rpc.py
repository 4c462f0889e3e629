"""pjrpc and jsonrpclib-pelix: JSON-RPC over POST /api/v1/rpc, single calls and batches."""

import sys

import jsonrpclib
import pjrpc
from pjrpc.client.backend import requests as backend

url = f"http://{sys.argv[1]}/api/v1/rpc"

client = backend.Client(url)
assert client("system.ping", payload="hello") == {"payload": "hello"}
client.notify("system.ping", payload="nobody hears")
try:
    client("system.pong")
    raise SystemExit("an unknown method was answered")
except pjrpc.exc.JsonRpcError as error:
    assert error.code == -32601
    assert error.data["error"]["code"] == "METHOD_NOT_FOUND"
with client.batch() as batch:
    for number in range(20):
        batch("system.ping", payload=number)
assert [result["payload"] for result in batch.get_results()] == list(range(20))

server = jsonrpclib.ServerProxy(url)
assert server.system.ping(payload={"a": 1}) == {"payload": {"a": 1}}
calls = jsonrpclib.MultiCall(server)
for number in range(10):
    calls.system.ping(number)
assert [result["payload"] for result in calls()] == list(range(10))
try:
    server.auth.register(email="no address")
    raise SystemExit("params that do not fit were taken")
except jsonrpclib.ProtocolError as error:
    assert error.args[0][0] == -32602, error.args
