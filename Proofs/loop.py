"""Clients of one daemon, each call on a connection of its own, until standard input ends; then what came of them, as JSON.

usage: loop.py unix:PATH|tcp:HOST:PORT CLIENTS [WORKSPACE]

With a workspace every fourth call adds a credit to it under a key, and is repeated until it is answered.
"""

import collections
import json
import socket
import sys
import threading
import time
import uuid

SILENCE_SECONDS = 70
UNAVAILABLE = "SERVICE_UNAVAILABLE"


class Client(threading.Thread):
    def __init__(self, address, workspace, is_over):
        super().__init__()
        self.address, self.workspace, self.is_over = address, workspace, is_over
        self.counts = collections.Counter()
        self.keys = self.slowest = 0
        self.odd = []

    def run(self):
        number = 0
        while not self.is_over.is_set():
            number += 1
            if self.workspace and number % 4 == 0:
                self.add_credit()
            else:
                token = str(uuid.uuid4())
                answer = self.call("system.ping", {"payload": token})
                if answer is not None and answer.get("result") != {"payload": token}:
                    self.note("wrong", answer)

    def add_credit(self):
        """Until it is told what came of it, also beyond the end."""
        params = {"workspaceId": self.workspace, "amount": 1, "type": "bonus", "_meta": {"idempotencyKey": str(uuid.uuid4())}}
        self.keys += 1
        while True:
            answer = self.call("billing.addCredits", params)
            if answer is not None:
                if answer.get("result", {}).get("amount") != 1:
                    self.note("wrong", answer)
                return
            time.sleep(0.005)

    def call(self, method, params):
        """- Returns: the answer; None when there was none, or it says to come again."""
        began = time.monotonic()
        self.counts["connections"] += 1
        try:
            connection = self.connect()
        except OSError as error:
            self.note("refused", f"{type(error).__name__}: {error}")
            time.sleep(0.005)
            return None
        try:
            line = self.exchange(connection, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        except TimeoutError:
            self.note("silent", method)
            return None
        except OSError as error:
            self.note("lost", f"{type(error).__name__}: {error}")
            return None
        finally:
            connection.close()
        if not line:
            self.note("lost", "closed without an answer")
            return None
        self.slowest = max(self.slowest, time.monotonic() - began)
        answer = json.loads(line)
        # Over HTTP a daemon that stops says so in an envelope of its own.
        error = answer.get("error") or {}
        if UNAVAILABLE in (error.get("code"), (error.get("data") or {}).get("error", {}).get("code")):
            self.counts["unavailable"] += 1
            return None
        self.counts["answered"] += 1
        return answer

    def connect(self):
        kind, where = self.address.split(":", 1)
        if kind == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(SILENCE_SECONDS)
            connection.connect(where)
        else:
            host, port = where.rsplit(":", 1)
            connection = socket.create_connection((host, int(port)), SILENCE_SECONDS)
        return connection

    def exchange(self, connection, message):
        body = json.dumps(message).encode()
        with connection.makefile("rb") as stream:
            if self.address.startswith("unix:"):
                connection.sendall(body + b"\n")
                return stream.readline()
            connection.sendall(b"POST /api/v1/rpc HTTP/1.1\r\nHost: rpcd\r\nConnection: close\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(body) + body)
            _, _, answer = stream.read().partition(b"\r\n\r\n")
            return answer

    def note(self, kind, what):
        self.counts[kind] += 1
        if len(self.odd) < 5:
            self.odd.append(f"{kind}: {what}")


def main(address, clients, workspace=None):
    is_over = threading.Event()
    threads = [Client(address, workspace, is_over) for _ in range(int(clients))]
    for thread in threads:
        thread.start()
    # A line asks how many have been answered.
    for _ in sys.stdin:
        print(sum(thread.counts["answered"] for thread in threads), flush=True)
    is_over.set()
    for thread in threads:
        thread.join()
    counts = sum((thread.counts for thread in threads), collections.Counter())
    print(json.dumps({"counts": counts, "keys": sum(thread.keys for thread in threads), "slowest": max(thread.slowest for thread in threads),
                      "odd": [text for thread in threads for text in thread.odd]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
