"""Tries the client with peers that are no daemon, or have just ceased to be one."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import rpcd.calls
from rpcd import CallError, CallOptions, Client, RPCDConnectionError, RPCDError

#: What a peer does with one request: what it says, and whether the connection stays.
Answer = Callable[[bytes], tuple[bytes, bool]]


def failure(call: Callable[[], object]) -> RPCDError:
    try:
        call()
    except RPCDError as error:
        return error
    raise AssertionError("it did not fail")


@contextlib.contextmanager
def peer(answer: Answer, *, http: bool = False, once: bool = False) -> Iterator[str]:
    """Its socket's path, or its URL. One that is there once is gone before its first connection ends."""
    folder = tempfile.TemporaryDirectory()
    listener = socket.socket() if http else socket.socket(socket.AF_UNIX)
    listener.bind(("127.0.0.1", 0) if http else folder.name + "/socket")
    listener.listen()

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            while line := lines.readline():
                length = 0
                while http and line not in (b"\r\n", b""):
                    length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
                    line = lines.readline()
                told, stays = answer(lines.read(length) if http else line)
                if once:
                    # Wakes who accepts; closing alone does not.
                    listener.shutdown(socket.SHUT_RDWR)
                    listener.close()
                connection.sendall(told)
                if not stays:
                    return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}" if http else folder.name + "/socket"
    listener.close()
    folder.cleanup()


def outcome_of_all_attempts() -> None:
    keyed = CallOptions(idempotency_key="order-7")
    for http in (False, True):
        with peer(lambda _: (b"", False), http=http, once=True) as where:
            with (Client.http if http else Client.unix)(where) as client:
                error = failure(lambda: client.call("billing.debit", options=keyed))
        assert isinstance(error, RPCDConnectionError) and error.outcome == "unknown" and error.is_outcome_unknown, error
        assert "no daemon can be reached" in str(error), error
    stopping = b'{"id":%d,"error":{"code":503,"message":"","data":{"error":{"code":"SERVICE_UNAVAILABLE"}}}}\n'
    met: list[bytes] = []

    def lose_first(line: bytes) -> tuple[bytes, bool]:
        met.append(line)
        return (b"", False) if len(met) == 1 else (stopping % (len(met) - 1), True)

    with peer(lose_first) as path, Client.unix(path) as client:
        error = failure(client.system.ping)
        assert isinstance(error, CallError) and error.is_outcome_unknown and len(met) == 4, error
        fresh = failure(lambda: client.system.ping())
        assert isinstance(fresh, CallError) and not fresh.is_outcome_unknown, "that is of one call alone"


def odd_lines() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    for line in (
        b'{"id":1,"error":{}}', b'{"id":1,"error":{"code":"x","message":""}}', b'{"id":1,"error":null}', b'{"id":1}', b'{"id":"1","result":1}',
        b'{"id":true,"result":1}', b'{"id":1,"method":5,"result":1}', b"[]", b"null", b"\xff", b"<html>", deep,
        b'{"id":null,"error":{}}', b'{"id":1,"error":{"code":1,"message":' + deep + b"}}",
    ):
        with peer(lambda _: (line + b"\n", True)) as path, Client.unix(path, attempts=1) as client:
            begin = time.monotonic()
            error = failure(lambda: client.system.ping())
            assert isinstance(error, RPCDConnectionError) and error.outcome == "unknown", (line[:60], error)
            told = failure(lambda: client.admin.purchases.watch().result())
            assert isinstance(told, RPCDConnectionError) and told.outcome == "unknown", (line[:60], told)
            assert time.monotonic() - begin < 3, line[:60]
            assert not client._transport._connection.is_open  # type: ignore[attr-defined]
    with peer(lambda _: (b'{"method":"$/progress","params":{}}\n', True)) as path, Client.unix(path) as client:
        assert isinstance(failure(lambda: client.admin.purchases.watch().result()), RPCDConnectionError)


def odd_times() -> None:
    def late(line: bytes) -> tuple[bytes, bool]:
        time.sleep(0.1)
        return b'{"id":%d,"result":{"payload":1}}\n' % (2 if b'"id":2' in line else 1), True

    with peer(late) as path, Client.unix(path) as client:
        for timeout_ms in (2**62, -60_000):
            assert client.system.ping(options=CallOptions(timeout_ms=timeout_ms)).payload == 1, timeout_ms
    body = b'{"jsonrpc":"2.0","id":1,"result":{"payload":1}}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with peer(lambda _: (answer, True), http=True) as url, Client.http(url) as client:
        for timeout_ms in (2**62, -60_000):
            assert client.system.ping(options=CallOptions(timeout_ms=timeout_ms)).payload == 1, timeout_ms


def bad_arguments() -> None:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    with peer(lambda _: (b'{"id":5,"result":{"payload":1}}\n', True)) as path, Client.unix(path) as client:
        for bad in (cyclic, object(), {1, 2}, "\ud800"):
            try:
                client.call("system.ping", {"payload": bad})
            except (TypeError, ValueError, RecursionError):
                continue
            raise AssertionError(bad)


def odd_http() -> None:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\n%s\r\n"
    json_head = lambda extra: head % (b"200 OK", b"application/json", extra)
    html = b"<html>no</html>"
    met: list[bytes] = []

    def elsewhere(body: bytes) -> tuple[bytes, bool]:
        met.append(body)
        return b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', True

    with peer(elsewhere, http=True) as other:
        answers = {
            "a truncated body": json_head(b"Content-Length: 900\r\n") + b'{"jsonrpc":"2.0",',
            "a truncated chunk": json_head(b"Transfer-Encoding: chunked\r\n") + b'20\r\n{"jsonrpc":"2.0"',
            "a body to the end": json_head(b"Connection: close\r\n") + b'{"jsonrpc":"2.0","result":',
            "HTML": head % (b"200 OK", b"text/html", b"Content-Length: 15\r\n") + html,
            "HTML that says no": head % (b"502 Bad Gateway", b"text/html", b"Content-Length: 15\r\n") + html,
            "nothing": json_head(b"Content-Length: 0\r\n"),
            "no HTTP": b"220 mail.example.org ESMTP\r\n",
            "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
            "a redirect": head % (b"307 Temporary Redirect", b"text/html", b"Content-Length: 0\r\nLocation: %s/\r\n" % other.encode()),
            "deep JSON": json_head(b"Content-Length: 100000\r\n") + b"[" * 100_000,
        }
        for text in (
            b"null", b"5", b'"x"', b"[]", b"{}", b'{"jsonrpc":"2.0","error":{}}', b'{"jsonrpc":"2.0","error":"x"}', b'{"success":false}',
            b'{"result":1}',
        ):
            answers[text.decode()] = json_head(b"Content-Length: %d\r\n" % len(text)) + text
        for name, told in answers.items():
            with peer(lambda _: (told, False), http=True) as url, Client.http(url, attempts=2) as client:
                for call in (client.system.ping, lambda: client.jobs.watch(workspace_id="w", job_id="j").result()):
                    begin = time.monotonic()
                    error = failure(call)
                    assert isinstance(error, RPCDConnectionError) and error.outcome == "unknown", (name, error)
                    assert time.monotonic() - begin < 2, name
        assert not met, "a token goes where it was to go, and nowhere else"
    for data in (b"x", b"[" * 50_000, b"{}"):
        events = head % (b"200 OK", b"text/event-stream", b"") + b"event: error\ndata: " + data + b"\n\n"
        with peer(lambda _: (events, False), http=True) as url, Client.http(url) as client:
            error = failure(lambda: client.jobs.watch(workspace_id="w", job_id="j").result())
            assert isinstance(error, RPCDConnectionError) and error.outcome == "unknown", error
    with peer(lambda _: (b"", False), http=True) as url, Client.http(url, "secret\nsecret") as client:
        assert "secret" not in str(failure(lambda: client.jobs.watch(workspace_id="w", job_id="j").result()))


def slow_http() -> None:
    """A byte now and then is no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        grace, rpcd.calls.GRACE_SECONDS = rpcd.calls.GRACE_SECONDS, 0.2
        try:
            with Client.http(f"http://127.0.0.1:{listener.getsockname()[1]}", attempts=1, timeout_ms=200) as client:
                begin = time.monotonic()
                error = failure(lambda: client.system.ping())
                assert isinstance(error, RPCDConnectionError) and error.outcome == "unknown", error
                assert time.monotonic() - begin < 2
        finally:
            rpcd.calls.GRACE_SECONDS = grace


def all_odd_peers() -> None:
    for test in (outcome_of_all_attempts, odd_lines, odd_times, bad_arguments, odd_http, slow_http):
        test()
