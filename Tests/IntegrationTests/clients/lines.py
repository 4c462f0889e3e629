"""jsonrpcclient: a line a message, on the Unix socket and through `rpcd stdio --connect`."""

import socket
import subprocess
import sys

from jsonrpcclient import Error, Ok, parse_json, request_json

path, rpcd = sys.argv[1:3]


def try_out(reader, writer):
    def call(method, params=None):
        writer.write(request_json(method, params=params) + "\n")
        writer.flush()
        return parse_json(reader.readline())

    match call("system.ping", {"payload": [1, None, "é"]}):
        case Ok(result, _):
            assert result == {"payload": [1, None, "é"]}
        case other:
            raise SystemExit(other)
    match call("system.ping", (7,)):
        case Ok(result, _):
            assert result == {"payload": 7}
        case other:
            raise SystemExit(other)
    match call("workspaces.get", {"workspaceId": "x"}):
        case Error(code, _, data, _):
            assert code == -32602, code
            assert data["error"]["details"]["fields"][0]["path"] == "workspaceId"
        case other:
            raise SystemExit(other)


connection = socket.socket(socket.AF_UNIX)
connection.connect(path)
try_out(connection.makefile("r"), connection.makefile("w"))
with subprocess.Popen(
    [rpcd, "stdio", "--connect", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bridge:
    try_out(bridge.stdout, bridge.stdin)
    bridge.stdin.close()
    assert bridge.wait(20) == 0
