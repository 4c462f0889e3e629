"""Stands between clients and the daemon's socket: of a request whose requestId begins with `lose` the first answer is lost, and the
connection with it. Arguments: its own socket, the daemon's."""

import json
import socket
import sys
import threading

own, daemon = sys.argv[1:3]
met = set()


def answers(server, client, doomed):
    for line in server.makefile("rb"):
        if json.loads(line).get("id") in doomed:
            break
        client.sendall(line)
    client.shutdown(socket.SHUT_RDWR)


def serve(client):
    server = socket.socket(socket.AF_UNIX)
    server.connect(daemon)
    doomed = set()
    threading.Thread(target=answers, args=(server, client, doomed), daemon=True).start()
    for line in client.makefile("rb"):
        message = json.loads(line)
        name = message.get("params", {}).get("_meta", {}).get("requestId", "")
        if name.startswith("lose") and name not in met:
            met.add(name)
            doomed.add(message["id"])
        server.sendall(line)
    server.shutdown(socket.SHUT_WR)


listener = socket.socket(socket.AF_UNIX)
listener.bind(own)
listener.listen()
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
