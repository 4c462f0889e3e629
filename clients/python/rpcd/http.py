"""Calls over HTTP: JSON-RPC to `/api/v1/rpc`, streams from their own routes as server-sent events."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from .calls import GRACE_SECONDS, Feed, Request
from .errors import CallError, Cancelled, RPCDConnectionError, RPCDError


class HTTPTransport:
    """Keeps the connections that are free for the next calls."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("the URL has to be as http://127.0.0.1:8080")
        self._type = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/") + "/api/v1"
        self._lock = threading.Lock()
        self._free: list[HTTPConnection] = []
        self._is_closed = False

    def call(self, request: Request) -> Any:
        if request.operation.document:
            raise RPCDConnectionError(
                f"{request.operation.method} answers in parts: use the Unix socket, or its own route", "not sent")
        body = json.dumps(request.message(1), ensure_ascii=False).encode()
        connection = self._connection(request)
        with _ending(connection, connection.sock, request):
            connection.request("POST", self._base + "/rpc", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = _body(response, request)
        if not response.will_close:
            self._keep(connection)
        return _result(response.status, answer)

    def open(self, request: Request) -> Feed:
        if request.operation.events is None:
            return _ResultAlone(self, request)
        return _EventFeed(self._connection(request), self._base, request)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            connections, self._free = self._free, []
        for connection in connections:
            connection.close()

    def _connection(self, request: Request) -> HTTPConnection:
        with self._lock:
            if self._is_closed:
                raise RPCDConnectionError("the client is closed", "not sent")
            # One that was kept may end as the call goes out: what must not be done twice gets a new one.
            connection = self._free.pop() if self._free and request.is_repeatable else None
        if connection:
            connection.timeout = request.patience
            if connection.sock:
                connection.sock.settimeout(request.patience)
            return connection
        connection = self._type(self._host, self._port, timeout=GRACE_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            where = f"{self._host}:{connection.port}"
            raise RPCDConnectionError(f"no daemon can be reached at {where}: {error}", "not sent") from None
        connection.sock.settimeout(request.patience)
        return connection

    def _keep(self, connection: HTTPConnection) -> None:
        with self._lock:
            if not self._is_closed and len(self._free) < 16:
                self._free.append(connection)
                return
        connection.close()


def _end(connection: socket.socket) -> None:
    """From any thread: who reads is woken, and the daemon cancels what it was doing."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It has ended already.


class _ending:
    """Has a cancelled call end its connection, and says what became of the call when that fails."""

    def __init__(self, connection: HTTPConnection, socket: socket.socket, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._calling = request.cancellation.calling(lambda: _end(socket))

    def __enter__(self) -> None:
        self._calling.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._calling.__exit__(None, None, None)
        if error is None or isinstance(error, RPCDError):
            return
        self._connection.close()
        if isinstance(error, (OSError, HTTPException, ValueError, AttributeError, KeyError, TypeError, RecursionError)):
            if self._request.cancellation.is_cancelled:
                raise Cancelled("unknown") from None
            raise RPCDConnectionError(f"no answer: {error}", "unknown") from None


def _body(response: HTTPResponse, request: Request) -> bytes:
    # The socket's timeout is for each read alone, and a peer may send a byte now and then.
    end = math.inf if request.patience is None else time.monotonic() + request.patience
    body = bytearray()
    while part := response.read1(1 << 20):
        body += part
        if time.monotonic() > end:
            raise TimeoutError("the daemon did not answer in time")
    if response.length:
        raise IncompleteRead(bytes(body), response.length)
    response.close()
    return bytes(body)


def _result(status: int, body: bytes) -> Any:
    try:
        answer = json.loads(body)
        if "jsonrpc" in answer:
            if "result" in answer:
                return answer["result"]
            error = answer["error"]
            if isinstance(error["code"], int):
                raise CallError(error.get("data"), error["code"])
        if answer["success"] is False and isinstance(answer["error"]["code"], str):
            raise CallError(answer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    # A proxy between may have said it, before or after the daemon had the call.
    raise RPCDConnectionError(f"HTTP answered {status}, and no result", "unknown")


class _ResultAlone:
    """What tells of no progress over HTTP."""

    def __init__(self, transport: HTTPTransport, request: Request) -> None:
        self._transport = transport
        self._request = request

    def receive(self) -> tuple[bool, Any]:
        return True, self._transport.call(self._request)

    def cancel(self) -> None:
        pass  # The call under way has heard of it.

    def close(self) -> None:
        pass


class _EventFeed:
    """Server-sent events (WHATWG HTML, 9.2), as the daemon writes them."""

    def __init__(self, connection: HTTPConnection, base: str, request: Request) -> None:
        self._connection = connection
        # The connection lets go of it when the response ends with it.
        self._socket = connection.sock
        self._request = request
        self._response: HTTPResponse | None = None
        params = dict(request.params)
        path = request.operation.events or ""
        for name in list(params):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(str(params.pop(name)), safe=""))
        query = "?" + urlencode(params) if params else ""
        headers = {"Accept": "text/event-stream"}
        names = {"requestId": "X-Request-Id", "timeoutMs": "X-Timeout-Ms", "traceparent": "traceparent"}
        headers |= {names[name]: str(value) for name, value in request.meta.items() if name in names}
        if "token" in request.meta:
            headers["Authorization"] = "Bearer " + request.meta["token"]
        with _ending(connection, self._socket, request):
            try:
                connection.request("GET", base + path + query, headers=headers)
            except ValueError:
                # What it says of itself has the token in it.
                raise RPCDConnectionError("an option of the call is none that a header can have", "not sent") from None

    def receive(self) -> tuple[bool, Any]:
        with _ending(self._connection, self._socket, self._request):
            if self._response is None:
                self._response = self._connection.getresponse()
                if self._response.status != 200:
                    _result(self._response.status, _body(self._response, self._request))
                if not self._response.headers.get("Content-Type", "").startswith("text/event-stream"):
                    raise RPCDConnectionError("HTTP sent no events", "unknown")
            name, data = "", ""
            while line := self._response.readline():
                field, _, value = line.decode().rstrip("\r\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data += value
                elif not field and name == "error":
                    _result(200, data.encode())
                elif not field and name:
                    return name == "end", json.loads(data)
        if self._request.cancellation.is_cancelled:
            raise Cancelled("unknown")
        raise RPCDConnectionError("the events ended before the result", "unknown")

    def cancel(self) -> None:
        _end(self._socket)

    def close(self) -> None:
        _end(self._socket)
        self._connection.close()
