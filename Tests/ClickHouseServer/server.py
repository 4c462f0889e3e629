"""A ClickHouse server as far as rpcd needs one: the real engine behind the HTTP interface. Ends with its standard input.

server.py DATA-FOLDER [PORT]: listens on 127.0.0.1 (port 0: any), says `ready http=127.0.0.1:PORT`. Where CLICKHOUSE_USER and CLICKHOUSE_PASSWORD
are set, nobody else is let in. What differs from the real one: a statement at a time, no users or quotas, KILL QUERY is taken note of and no more.
"""
import base64
import gzip
import os
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from engine import Engine, EngineError, error

# By src/Server/HTTP/exceptionCodeToHTTPStatus.cpp; any other is 500.
STATUSES = {code: 400 for code in (6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 321, 376, 427, 441)}
STATUSES |= {code: 404 for code in (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511)}
STATUSES |= {192: 403, 193: 403, 497: 403, 516: 403, 194: 401, 159: 408, 209: 503, 76: 503, 439: 503, 48: 501}


def form_fields(content_type, body):
    """The parts of multipart/form-data (RFC 7578), none of them a file."""
    boundary = b"--" + content_type.split("boundary=", 1)[1].strip('"').encode()
    fields = {}
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.decode().split('name="', 1)[1].split('"', 1)[0]
        fields[name] = value[: -len(b"\r\n")].decode()
    return fields


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece, and at once: else each answer waits for the other side's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    engine = None
    credentials = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_request(b"", readonly=True)

    def do_POST(self):
        self.handle_request(self.rfile.read(int(self.headers.get("Content-Length") or 0)), readonly=False)

    def handle_request(self, body, readonly):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/ping":
            return self.reply(200, b"Ok.\n")
        options = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        try:
            if not self.is_known(options):
                raise error(516, f"{self.headers.get('X-ClickHouse-User') or 'default'}: Authentication failed", "AUTHENTICATION_FAILED")
            if readonly:
                options.setdefault("readonly", "2")
            self.reply(200, self.answer(options, body), [("X-ClickHouse-Query-Id", options.get("query_id", ""))])
        except EngineError as failure:
            text = f"{failure.text} (version {self.engine.version})\n".encode()
            self.reply(STATUSES.get(failure.code, 500), text, [("X-ClickHouse-Exception-Code", str(failure.code))])

    def answer(self, options, body):
        content_type = self.headers.get("Content-Type") or ""
        if self.headers.get("Content-Encoding") == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError):
                raise error(354, "inflate failed", "ZLIB_INFLATE_FAILED") from None
        fields, rows = dict(options), None
        if content_type.startswith("multipart/form-data"):
            fields |= form_fields(content_type, body)
            sql = fields.get("query", "")
            # As the real one does: with a form, such names are taken for the description of a table.
            options = {name: value for name, value in options.items() if name == "default_format" or not name.endswith(("_format", "_types", "_structure"))}
        elif "query" in options and body:
            sql, rows = options["query"], body
        else:
            sql = options.get("query") or body.decode()
        parameters = {name[len("param_"):]: value for name, value in fields.items() if name.startswith("param_")}
        options = {name: value for name, value in options.items() if not name.startswith("param_")}
        return self.engine.run(sql, parameters, options, rows)

    def is_known(self, options):
        if self.credentials is None:
            return True
        user, key = self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")
        basic = self.headers.get("Authorization") or ""
        if basic.startswith("Basic "):
            user, _, key = base64.b64decode(basic[6:]).decode().partition(":")
        # A header is Latin-1 to Python, and UTF-8 to everybody else.
        given = tuple((value or "").encode("latin-1", "replace").decode(errors="replace") for value in (user, key))
        return given == self.credentials or (options.get("user"), options.get("password")) == self.credentials

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("X-ClickHouse-Server-Display-Name", "rig")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    Handler.engine = Engine(sys.argv[1])
    if "CLICKHOUSE_USER" in os.environ:
        Handler.credentials = (os.environ["CLICKHOUSE_USER"], os.environ.get("CLICKHOUSE_PASSWORD", ""))
    server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready http=127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
    # Without the interpreter's own clean-up, for which threads in the engine may not be ready.
    os._exit(0)


if __name__ == "__main__":
    main()
