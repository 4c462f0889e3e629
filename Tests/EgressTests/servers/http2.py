"""The least HTTP/2 server (RFC 9113): TLS with ALPN, 200 and `ok` to every request. Ends with its standard input.

http2.py CERTIFICATE KEY: it says `ready PORT`; a line `count` on standard input is answered with `count CONNECTIONS REQUESTS`. A body that is
sent to it is dropped; requests are not read beyond their frames, for it never looks at their headers.
"""
import socket
import ssl
import struct
import sys
import threading

tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
tls.set_alpn_protocols(["h2"])
counts = {"connections": 0, "requests": 0}
DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def serve(connection):
    with tls.wrap_socket(connection, server_side=True) as secure:
        stream = secure.makefile("rb")
        stream.read(24)  # the preface
        secure.sendall(frame(SETTINGS, 0, 0))
        while len(head := stream.read(9)) == 9:
            length, kind, flags, number = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
            payload = stream.read(length)
            if kind == SETTINGS and not flags & ACK:
                secure.sendall(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                secure.sendall(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY:
                return
            elif kind in (DATA, HEADERS) and flags & END_STREAM:
                counts["requests"] += 1
                # 0x88 is `:status: 200` in the static table (RFC 7541, appendix A).
                secure.sendall(frame(HEADERS, END_HEADERS, number, b"\x88") + frame(DATA, END_STREAM, number, b"ok"))


def listen(listener):
    while True:
        connection, _ = listener.accept()
        counts["connections"] += 1
        threading.Thread(target=serve, args=[connection], daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listen, args=[listener], daemon=True).start()
print("ready", listener.getsockname()[1], flush=True)
for line in sys.stdin:
    print("count", counts["connections"], counts["requests"], flush=True)
