"""The daemon's transports, in the form of `common.Connection`; and a mail server that forgets what it is given."""

import http.client
import json
import os
import select
import signal
import socketserver
import subprocess
import threading

import common


class HTTP:
    """JSON-RPC by POST, a connection kept alive; the token goes into the header."""

    def __init__(self, address):
        self.number = 0
        host, port = address.rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=common.SILENCE_SECONDS)
        self.connection.connect()

    def send(self, method, params):
        self.number += 1
        meta = dict(params.get("_meta") or {})
        headers = {"Content-Type": "application/json"}
        if token := meta.pop("token", None):
            headers["Authorization"] = f"Bearer {token}"
        body = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params | {"_meta": meta}}
        try:
            self.connection.request("POST", "/api/v1/rpc", json.dumps(body), headers)
        except (OSError, http.client.HTTPException) as error:
            raise common.Lost from error

    def receive(self):
        try:
            response = self.connection.getresponse()
            text = response.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise common.Lost from error
        answer = json.loads(text)
        if response.status != 200:
            # Turned away before anybody read the message: the envelope alone.
            return {"error": {"code": response.status, "data": answer}}
        return answer

    def stream(self, path, token):
        """A GET whose answer is read to its end. - Returns: the status, and what came."""
        try:
            self.connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            response = self.connection.getresponse()
            return response.status, response.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise common.Lost from error

    def close(self):
        self.connection.close()


class Stdio:
    """`rpcd stdio --connect`: a process a connection."""

    def __init__(self, rpcd, path):
        self.number = 0
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", rpcd, "stdio", "--connect", path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})

    def send(self, method, params):
        self.number += 1
        try:
            line = json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise common.Lost from error

    def receive(self):
        while True:
            if not select.select([self.process.stdout], [], [], common.SILENCE_SECONDS)[0]:
                raise TimeoutError
            line = self.process.stdout.readline()
            if not line.endswith(b"\n"):
                raise common.Lost
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


NAMES = ("socket", "http", "stdio")


def connect(transport, rpcd, daemon):
    if transport == "http":
        return HTTP(daemon.environment["RPCD_HTTP_LISTEN"])
    return Stdio(rpcd, daemon.socket) if transport == "stdio" else common.Connection(daemon.socket)


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP as it takes to be given mails, which it counts."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Mailbox)
        self.taken = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def environment(self):
        return {"RPCD_SMTP_URL": f"smtp://127.0.0.1:{self.server_address[1]}", "RPCD_SMTP_TLS": "off"}

    def handle_error(self, *_):
        """Who was killed says no goodbye."""


class Mailbox(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken += 1
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 sink\r\n")
            if word == b"QUIT":
                return
