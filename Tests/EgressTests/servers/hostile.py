"""An HTTP server that behaves as badly as its paths say. Ends with its standard input.

hostile.py [--quiet] [--tls CERTIFICATE KEY] ADDRESS...: one port, on each of the addresses. It says `ready PORT` first, then what happens, a line each:
`got PATH` for a request, `gone PATH` when the client closes on it, `closed` when it closes between requests. A line `count` on standard input is answered with
`count CONNECTIONS REQUESTS`. With --quiet it answers that alone: nobody has to read what it says.
"""
import socket
import ssl
import sys
import threading
import time
import zlib

arguments = sys.argv[1:]
quiet = arguments[0] == "--quiet"
if quiet:
    arguments = arguments[1:]
tls = None
if arguments[0] == "--tls":
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(arguments[1], arguments[2])
    arguments = arguments[3:]
lock = threading.Lock()
counts = {"connections": 0, "requests": 0}


def tell(*words):
    if quiet and words[0] not in ("ready", "count"):
        return
    with lock:
        print(*words, flush=True)


def count(what):
    with lock:
        counts[what] += 1


def answer(body, *fields, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]).encode() + body


def gzip():
    return zlib.compressobj(9, zlib.DEFLATED, 31)


def bomb(layers):
    """Zeros without end, packed `layers` times."""
    packers = [gzip() for _ in range(layers)]
    while True:
        data = bytes(1 << 20)
        for packer in packers:
            data = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        yield data


def gone(connection, path):
    """Waits until the client closes."""
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass
    tell("gone", path)
    return False


def endless(connection, path, parts):
    try:
        for part in parts:
            connection.sendall(part)
    except OSError:
        pass
    tell("gone", path)
    return False


def chunks(parts):
    for part in parts:
        yield b"%x\r\n%b\r\n" % (len(part), part)


def after(first, parts):
    yield first
    yield from parts


def repeat(make, pause=0):
    number = 0
    while True:
        yield make(number)
        number += 1
        if pause:
            time.sleep(pause)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


def respond(connection, method, path, head, body, number):
    """Whether the connection stays open."""
    name, _, query = path.partition("?")
    if name == "/silent":
        return gone(connection, path)
    if name == "/drip":
        return endless(connection, path, after(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", repeat(lambda _: b"x", 0.02)))
    if name == "/drip-headers":
        return endless(connection, path, after(b"HTTP/1.1 200 OK\r\n", repeat(lambda n: b"X: %d\r\n" % n, 0.02)))
    if name == "/endless-body":
        return endless(connection, path, after(CHUNKED + b"\r\n", chunks(repeat(lambda _: bytes(65536)))))
    if name == "/endless-until-close":
        return endless(connection, path, after(b"HTTP/1.1 200 OK\r\n\r\n", repeat(lambda _: bytes(65536))))
    if name == "/endless-headers":
        return endless(connection, path, after(b"HTTP/1.1 200 OK\r\n", repeat(lambda n: b"X-%d: y\r\n" % n)))
    if name == "/endless-header":
        return endless(connection, path, after(b"HTTP/1.1 200 OK\r\nX: ", repeat(lambda _: b"y" * 1000)))
    if name == "/endless-hints":
        return endless(connection, path, repeat(lambda _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"))
    if name == "/endless-trailers":
        return endless(connection, path, after(CHUNKED + b"\r\n0\r\n", repeat(lambda n: b"X-%d: y\r\n" % n)))
    if name == "/bomb":
        layers = int(query)
        fields = b"Content-Encoding: " + b", ".join([b"gzip"] * layers) + b"\r\n\r\n"
        return endless(connection, path, after(CHUNKED + fields, chunks(bomb(layers))))
    if name == "/truncated":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False
    if name == "/cut-chunk":
        connection.sendall(CHUNKED + b"\r\n5\r\nhello\r\n5\r\nwo")
        return False
    if name == "/cut-chunks":
        connection.sendall(CHUNKED + b"\r\n5\r\nhello\r\n")
        return False
    if name == "/cut-headers":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        return False
    if name == "/nothing":
        return False
    if name == "/garbage":
        connection.sendall(b"\x00\x01 what is this\r\n\r\n")
        return False
    if name == "/bad-chunk":
        connection.sendall(CHUNKED + b"\r\nzz\r\nhello\r\n0\r\n\r\n")
        return False
    if name == "/bad-gzip":
        connection.sendall(answer(b"this is no gzip at all", "Content-Encoding: gzip"))
        return False
    if name == "/unknown-encoding":
        connection.sendall(answer(b"?", "Content-Encoding: rot13"))
        return False
    if name == "/dies-when-reused" and number > 1:
        return False
    if name == "/redirect":
        status, _, location = query.partition("&")
        connection.sendall(answer(b"elsewhere", f"Location: {location}", status=f"{status} Redirect"))
    elif name == "/loop":
        connection.sendall(answer(b"", "Location: /loop", status="302 Found"))
    elif name == "/status":
        connection.sendall(f"HTTP/1.1 {query} Status\r\n\r\n".encode())
    elif name == "/gzip":
        packer = gzip()
        connection.sendall(answer(packer.compress(b"hello" * 100) + packer.flush(), "Content-Encoding: gzip"))
    elif name == "/size":
        connection.sendall(answer(b"x" * int(query)))
    elif name == "/fields":
        connection.sendall(
            b"HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\nHTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nX-One:  spaced \t\r\nset-cookie: b=2\r\n"
            b"X-Folded: first\r\n  second\r\nX-Empty:\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n")
    elif name == "/echo":
        connection.sendall(answer(head + b"\r\n\r\n" + body))
    else:
        whole = answer(b"ok")
        connection.sendall(whole if method != "HEAD" else whole[:-2])
    return True


def serve(connection):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        rest, number = b"", 0
        while True:
            while b"\r\n\r\n" not in rest:
                part = connection.recv(65536)
                if not part:
                    tell("closed")
                    return
                rest += part
            head, _, rest = rest.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, path, _ = lines[0].split(" ")
            length = sum(int(line[15:]) for line in lines if line.lower().startswith("content-length:"))
            while len(rest) < length:
                rest += connection.recv(65536)
            body, rest = rest[:length], rest[length:]
            number += 1
            count("requests")
            tell("got", path)
            if not respond(connection, method, path, head, body, number):
                return
    except (OSError, ValueError):
        pass
    finally:
        connection.close()


def listen(listener):
    while True:
        connection, _ = listener.accept()
        count("connections")
        threading.Thread(target=serve, args=[connection], daemon=True).start()


def bind():
    """The same port on every address."""
    while True:
        port, listeners = 0, []
        try:
            for address in arguments:
                listeners.append(socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET))
                port = listeners[0].getsockname()[1]
            return port, listeners
        except OSError:
            for listener in listeners:
                listener.close()


port, listeners = bind()
for listener in listeners:
    threading.Thread(target=listen, args=[listener], daemon=True).start()
tell("ready", port)
for line in sys.stdin:
    tell("count", counts["connections"], counts["requests"])
