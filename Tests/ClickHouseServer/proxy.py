"""Stands between an HTTP client and an HTTP server and breaks what it is told to. Ends with its standard input.

proxy.py HOST:PORT: forwards to there. It says `ready http=127.0.0.1:PORT control=127.0.0.1:PORT` and is told what to do on the second port:

PUT /fault?kind=KIND&times=N&match=TEXT&…   from now on, or for N requests; only those that have TEXT in their line, headers or body
DELETE /fault                               forwards everything again; what hangs is cut
GET /state                                  {"connections": …, "requests": …, "faults": …, "seen": [the last requests, with their bodies]}

Kinds, each with what it takes:
refuse                  the port is closed
reset-request bytes=N   the connection is reset after so many bytes of the request's body; nothing is forwarded
lose-answer             the request takes effect, and the connection is reset before the answer
reset-answer bytes=N    the connection is reset after so many bytes of the answer's body
hang                    nothing is forwarded, and nothing answered
delay ms=N              before the request is forwarded
status code=N           an answer with this status and without an exception; `retry-after=SECONDS`
exception code=N text=T an answer with an exception of ClickHouse, status 500
tail code=N text=T      status 200, half of the answer, then an exception, and a proper end: as servers before 25.11
tag code=N text=T       status 200, half of the answer, then an exception in a block with a tag, and no end: as servers since
garbage                 status 200 and something that nobody can read
"""
import http.client
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SEEN = 200


class Reset(Exception):
    pass


class Fault:
    def __init__(self, kind, times=0, match="", **rest):
        self.kind, self.left, self.match, self.rest = kind, int(times) or None, match, rest
        self.over = threading.Event()

    def number(self, name):
        return int(self.rest.get(name, 0))


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.fault = None
        self.counts = {"connections": 0, "requests": 0, "faults": 0}
        self.seen = []

    def set(self, fault):
        with self.lock:
            if self.fault:
                self.fault.over.set()
            self.fault = fault

    def take(self, line, text):
        """Notes a request; the fault it meets, if any."""
        with self.lock:
            self.counts["requests"] += 1
            self.seen = (self.seen + [{"line": line, "text": text}])[-SEEN:]
            fault = self.fault
            if fault is None or fault.match not in line + "\n" + text:
                return None
            self.counts["faults"] += 1
            if fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self.fault = None
            return fault


def reset(connection):
    """Closes so that the other side sees a reset."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


class Connection:
    def __init__(self, client, upstream, state):
        self.client, self.state = client, state
        self.input = client.makefile("rb")
        self.upstream = http.client.HTTPConnection(*upstream, timeout=600)

    def serve(self):
        try:
            while self.serve_one():
                pass
        except (Reset, OSError, http.client.HTTPException):
            reset(self.client)
        finally:
            self.upstream.close()
            self.input.close()
            self.client.close()

    def serve_one(self):
        line = self.input.readline().decode("latin-1").strip()
        if not line:
            return False
        headers = []
        while field := self.input.readline().decode("latin-1").strip():
            headers.append(tuple(part.strip() for part in field.split(":", 1)))
        length = int(dict((name.lower(), value) for name, value in headers).get("content-length", 0))
        early = self.state.fault
        if early and early.kind == "reset-request" and early.match in line:
            self.input.read(min(length, early.number("bytes")))
            self.state.take(line, "")
            raise Reset
        body = self.input.read(length)
        if len(body) < length:
            return False
        text = "\n".join(f"{name}: {value}" for name, value in headers) + "\n\n" + body[:4096].decode(errors="replace")
        fault = self.state.take(line, text)
        method, target, _ = line.split(" ", 2)
        kind = fault.kind if fault else None
        if kind == "hang":
            self.hang(fault)
        if kind == "status":
            wait = f"Retry-After: {fault.rest['retry-after']}\r\n" if "retry-after" in fault.rest else ""
            return self.send(f"HTTP/1.1 {fault.number('code')} Nothing\r\n{wait}Content-Length: 0\r\n\r\n".encode())
        if kind == "garbage":
            return self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"meta\"")
        if kind == "exception":
            return self.exception(fault)
        if kind == "delay":
            fault.over.wait(fault.number("ms") / 1000)
        return self.forward(method, target, headers, body, fault)

    def hang(self, fault):
        """Until the fault is taken away or the client has gone."""
        self.client.settimeout(0.05)
        while not fault.over.is_set():
            try:
                if not self.client.recv(1, socket.MSG_PEEK):
                    break
                time.sleep(0.01)
            except TimeoutError:
                pass
        raise Reset

    @staticmethod
    def text(fault):
        return f"Code: {fault.number('code')}. DB::Exception: {fault.rest.get('text', 'Broken')} (version 26.5.1.1)\n".encode()

    def exception(self, fault):
        text = self.text(fault)
        head = f"HTTP/1.1 500 Error\r\nX-ClickHouse-Exception-Code: {fault.number('code')}\r\nContent-Length: {len(text)}\r\n\r\n"
        return self.send(head.encode() + text)

    def forward(self, method, target, headers, body, fault):
        kept = {name: value for name, value in headers if name.lower() not in ("host", "content-length", "accept-encoding")}
        self.upstream.request(method, target, body or None if method != "POST" else body, kept)
        answer = self.upstream.getresponse()
        data = answer.read()
        kind = fault.kind if fault else None
        if kind == "lose-answer":
            raise Reset
        if kind in ("tail", "tag"):
            return self.break_off(data, fault)
        fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("content-length", "transfer-encoding", "connection")]
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
        head = f"{head}Content-Length: {len(data)}\r\n\r\n".encode()
        if kind == "reset-answer":
            self.client.sendall(head + data[: fault.number("bytes")])
            # A reset takes back what has not been read yet: the client is to see the beginning.
            while self.has_unread():
                time.sleep(0.001)
            raise Reset
        return self.send(head + data)

    def has_unread(self):
        """Whether something is left in the client's socket, on this host: proc(5), /proc/net/tcp."""
        ends = (f"{self.client.getpeername()[1]:04X}", f"{self.client.getsockname()[1]:04X}")
        for line in open("/proc/net/tcp").readlines()[1:]:
            _, local, remote, _, queues = line.split()[:5]
            if (local.split(":")[1], remote.split(":")[1]) == ends:
                return int(queues.split(":")[1], 16) > 0
        return False

    def break_off(self, data, fault):
        text = self.text(fault)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        if fault.kind == "tag":
            tag = b"dngjzjnxkvlwkeua"
            head += b"X-ClickHouse-Exception-Tag: " + tag + b"\r\n"
            text = b"\r\n__exception__\r\n" + tag + b"\r\n" + text + f"{len(text)} ".encode() + tag + b"\r\n__exception__\r\n"
        part = data[: len(data) // 2] + text
        self.client.sendall(head + b"\r\n" + f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if fault.kind == "tag":
            return False
        return self.send(b"0\r\n\r\n")

    def send(self, data):
        self.client.sendall(data)
        return True


class Proxy:
    """Its port can be closed and opened again."""

    def __init__(self, upstream, state):
        self.upstream, self.state, self.listener, self.port = upstream, state, None, 0
        self.open()

    def open(self):
        if self.listener:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port, self.listener = listener.getsockname()[1], listener
        threading.Thread(target=self.accept, args=[listener], daemon=True).start()

    def close(self):
        if self.listener:
            # Closing alone would not wake who waits in accept.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self.state.lock:
                self.state.counts["connections"] += 1
            threading.Thread(target=Connection(client, self.upstream, self.state).serve, daemon=True).start()


class Control(BaseHTTPRequestHandler):
    proxy = None

    def log_message(self, *_):
        pass

    def do_PUT(self):
        words = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))
        if words["kind"] == "refuse":
            self.proxy.close()
        else:
            self.proxy.state.set(Fault(**words))
        self.reply({})

    def do_DELETE(self):
        self.proxy.state.set(None)
        self.proxy.open()
        self.reply({})

    def do_GET(self):
        with self.proxy.state.lock:
            answer = {**self.proxy.state.counts, "seen": list(self.proxy.state.seen)}
        self.reply(answer)

    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    host, _, port = sys.argv[1].rpartition(":")
    Control.proxy = Proxy((host, int(port)), State())
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    control.daemon_threads = True
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(f"ready http=127.0.0.1:{Control.proxy.port} control=127.0.0.1:{control.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
