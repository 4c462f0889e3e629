"""Calls over the daemon's Unix socket: many at once on one connection, a connection for each stream."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from .calls import GRACE_SECONDS, Feed, Request
from .errors import CallError, RPCDConnectionError, RPCDError


class UnixTransport:
    """Connects when it is needed, and anew when a connection has ended."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._is_closed = False

    def call(self, request: Request) -> Any:
        return self._shared().call(request)

    def open(self, request: Request) -> Feed:
        line = _line(request.message(1))
        return _UnixFeed(self._connect(), request, line)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _shared(self) -> _Connection:
        with self._lock:
            if self._is_closed:
                raise RPCDConnectionError("the client is closed", "not sent")
            if self._connection is None or not self._connection.is_open:
                self._connection = _Connection(self._connect())
            return self._connection

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(GRACE_SECONDS)
            connection.connect(self._path)
            connection.settimeout(None)
        except OSError as error:
            connection.close()
            raise RPCDConnectionError(f"no daemon can be reached at {self._path}: {error}", "not sent") from None
        return connection


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _cancel(number: int) -> bytes:
    return _line({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}})


class _Pending:
    """A call that waits for its answer, in one thread."""

    def __init__(self, patience: float | None) -> None:
        self.result: Any = None
        self.error: RPCDError | None = None
        self._is_done = False
        self._wake = threading.Event()
        self._deadline = None if patience is None else time.monotonic() + patience

    def wait(self) -> bool:
        """Whether there is an end in time."""
        while not self._is_done:
            left = None if self._deadline is None else self._deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._wake.wait(left)
            self._wake.clear()
        return True

    def finish(self, result: Any = None, error: RPCDError | None = None) -> None:
        self.result, self.error, self._is_done = result, error, True
        self._wake.set()

    def hurry(self) -> None:
        """It was cancelled: the daemon has a moment left to answer."""
        self._deadline = time.monotonic() + GRACE_SECONDS
        self._wake.set()


# Parse error and invalid request (JSON-RPC 2.0, section 5.1).
UNREADABLE = (-32700, -32600)

# An answer that is longer is no answer of a daemon.
LONGEST_ANSWER = 256 << 20


def _messages(lines: BinaryIO) -> Iterator[dict[str, Any]]:
    """Raises ValueError where one is no message of the protocol: the connection is of no use then."""
    while line := lines.readline(LONGEST_ANSWER):
        if not line.endswith(b"\n"):
            return  # It ended in the middle.
        try:
            message = json.loads(line)
        except RecursionError:
            raise ValueError("what came is nested too deeply") from None
        if not isinstance(message, dict) or not _is_of_the_protocol(message):
            raise ValueError("what came is no JSON-RPC 2.0 message")
        yield message


def _is_of_the_protocol(message: dict[str, Any]) -> bool:
    if "method" in message:
        method, params = message["method"], message.get("params")
        return isinstance(method, str) and (method != "$/progress" or isinstance(params, dict) and "value" in params)
    number = message.get("id")
    if "error" not in message:
        return type(number) is int and "result" in message
    error = message["error"]
    return (
        (number is None or type(number) is int) and "result" not in message and isinstance(error, dict)
        and type(error.get("code")) is int and isinstance(error.get("message"), str))


class _Connection:
    """A thread reads what comes; callers write, and wait for theirs."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._last = 0
        self._farewell: str | None = None
        self.is_open = True
        threading.Thread(target=self._read, name="rpcd-client", daemon=True).start()

    def call(self, request: Request) -> Any:
        pending = _Pending(request.patience)
        with self._lock:
            if not self.is_open:
                raise RPCDConnectionError("the connection to the daemon has ended", "not sent")
            self._last += 1
            number = self._last
            self._pending[number] = pending

        def cancel() -> None:
            self._send(_cancel(number))
            pending.hurry()

        try:
            self._send(_line(request.message(number)))
            with request.cancellation.calling(cancel):
                is_done = pending.wait()
        except BaseException:
            # An interrupted program, as by Ctrl-C, does not wait for the answer any more.
            self._send(_cancel(number))
            raise
        finally:
            with self._lock:
                self._pending.pop(number, None)
        if not is_done:
            # Who does not answer one call is not asked for another.
            self.close()
            raise RPCDConnectionError("the daemon did not answer in time", "unknown")
        if pending.error:
            raise pending.error
        return pending.result

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It has ended already.

    def _send(self, line: bytes) -> None:
        try:
            with self._writing:
                self._socket.sendall(line)
        except OSError:
            self.close()  # The reader tells everybody who waits.

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for message in _messages(lines):
                    self._take(message)
        except Exception as error:  # Whatever the peer sends: who waits is told.
            self._farewell = self._farewell or str(error)
        with self._lock:
            self.is_open = False
            pending = list(self._pending.values())
        self._socket.close()
        for call in pending:
            reason = self._farewell or "the connection to the daemon ended before its answer"
            call.finish(error=RPCDConnectionError(reason, "unknown"))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            return  # Progress, of a call that did not ask for it.
        if message.get("id") is None:
            return self._refused(message["error"])
        error = _failure(message["error"]) if "error" in message else None
        with self._lock:
            pending = self._pending.pop(message["id"], None)
        if pending:
            pending.finish(message.get("result"), error)

    def _refused(self, error: dict[str, Any]) -> None:
        """Something that was sent could not be read: it is one of those that wait, nobody knows which."""
        self._farewell = str(error["message"])
        if error["code"] not in UNREADABLE:
            return
        with self._lock:
            pending = list(self._pending.values())
            self._pending.clear()
        for call in pending:
            call.finish(error=_failure(error) if len(pending) == 1 else RPCDConnectionError(self._farewell, "unknown"))


def _failure(error: dict[str, Any]) -> CallError:
    envelope = error.get("data")
    if not isinstance(envelope, dict):
        envelope = {"error": {"code": str(error["code"]), "message": error["message"]}}
    return CallError(envelope, error["code"])


class _UnixFeed:
    def __init__(self, connection: socket.socket, request: Request, line: bytes) -> None:
        self._socket = connection
        self._lines = connection.makefile("rb")
        self._messages = _messages(self._lines)
        self._writing = threading.Lock()
        try:
            connection.settimeout(request.patience)
            connection.sendall(line)
        except OSError as error:
            self.close()
            raise RPCDConnectionError(str(error), "unknown") from None

    def receive(self) -> tuple[bool, Any]:
        try:
            for message in self._messages:
                if message.get("method") == "$/progress":
                    return False, message["params"]["value"]
                if "error" in message:
                    raise _failure(message["error"])
                if "method" not in message:
                    return True, message["result"]
        except (OSError, ValueError, RecursionError) as error:
            raise RPCDConnectionError(str(error), "unknown") from None
        raise RPCDConnectionError("the connection to the daemon ended before its answer", "unknown")

    def cancel(self) -> None:
        try:
            with self._writing:
                self._socket.sendall(_cancel(1))
        except OSError:
            pass  # Who reads is told.

    def close(self) -> None:
        self._lines.close()
        self._socket.close()
