"""The client: typed methods over a transport, and what is done when there is no answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from .calls import CallOptions, Cancellation, Feed, Operation, Request, Stream, Transport, new_idempotency_key, read
from .errors import CallError, Cancelled, RPCDConnectionError, RPCDError
from .http import HTTPTransport
from .methods import Methods
from .types import ErrorCode
from .unix import UnixTransport
from .values import encoded, members

Progress = TypeVar("Progress")
Result = TypeVar("Result")

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


class Client(Methods):
    """Calls a daemon; threads may share it.

    A call that gets no answer is made again as long as that does no harm: when nothing had been sent, when the method
    changes nothing, or when it has an idempotency key. Anything else fails with what is known of its outcome.
    """

    def __init__(
        self, transport: Transport, token: str | None = None, *, attempts: int = 4,
        makes_idempotency_keys: bool = False, timeout_ms: int = 30_000,
    ) -> None:
        """
        token: an access token, or an API key, for calls that bring none.
        attempts: how often a call is made that gets no answer, or SERVICE_UNAVAILABLE; at least 1.
        makes_idempotency_keys: whether calls that change something and come without a key get one of their own.
        timeout_ms: the daemon's default; beyond it an answer is no longer waited for.
        """
        self._transport = transport
        self._attempts = attempts
        self._makes_idempotency_keys = makes_idempotency_keys
        self._timeout_ms = timeout_ms
        #: Of the calls from now on that bring none.
        self.token = token
        super().__init__(self)

    @classmethod
    def unix(cls, path: str = "/run/rpcd/rpcd.sock", token: str | None = None, **settings: Any) -> Self:
        """Over the Unix socket. Without a token the daemon goes by the uid of this process."""
        return cls(UnixTransport(path), token, **settings)

    @classmethod
    def http(cls, url: str, token: str | None = None, **settings: Any) -> Self:
        """Over HTTP, as `http://127.0.0.1:8080`."""
        return cls(HTTPTransport(url), token, **settings)

    def close(self) -> None:
        """Ends the connections; what is under way is cancelled."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(
        self, method: str, params: Mapping[str, Any] = {}, options: CallOptions = CallOptions(), *,
        mutates: bool = True, idempotent: bool = True,
    ) -> Any:
        """Calls a method by its name, also one that this client has no function for."""
        return self._call(Operation(method, mutates, idempotent), dict(params), options, lambda value: value)

    def _call(
        self, operation: Operation, params: dict[str, Any], options: CallOptions, reader: Callable[[Any], Result]
    ) -> Result:
        request = self._request(operation, params, options)
        return read(request, self._repeating(request, lambda: self._transport.call(request)), reader)

    def _stream(
        self, operation: Operation, params: dict[str, Any], options: CallOptions,
        progress: Callable[[Any], Progress], result: Callable[[Any], Result],
    ) -> Stream[Progress, Result]:
        outer = options.cancellation or Cancellation()
        request = self._request(operation, params, replace(options, cancellation=Cancellation()))

        def open() -> Feed:
            # What has begun is not begun again: only making the connection is.
            return self._repeating(request, lambda: self._transport.open(request))

        return Stream(request, outer, open, progress, result)

    def _request(self, operation: Operation, params: dict[str, Any], options: CallOptions) -> Request:
        key = options.idempotency_key
        if key is None and operation.idempotent and self._makes_idempotency_keys:
            key = new_idempotency_key()
        meta = members(
            token=options.token if options.token is not None else self.token, idempotencyKey=key,
            requestId=options.request_id, timeoutMs=options.timeout_ms, traceparent=options.traceparent)
        timeout_ms = options.timeout_ms
        if timeout_ms is None and not operation.streams:
            timeout_ms = self._timeout_ms
        return Request(
            operation, {name: encoded(value) for name, value in params.items() if value is not None}, meta,
            None if timeout_ms is None else timeout_ms / 1000, options.cancellation or Cancellation())

    def _repeating(self, request: Request, body: Callable[[], Result]) -> Result:
        if request.cancellation.is_cancelled:
            raise Cancelled("not sent")
        attempt, is_unknown = 1, False
        while True:
            try:
                return body()
            except RPCDError as error:
                if is_unknown:
                    error._follow_unknown()
                is_unknown = error.is_outcome_unknown
                if attempt >= self._attempts or not _may_be_repeated(error, request):
                    raise
                # Drawn evenly, so that clients that failed together do not come back together.
                most = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
                if request.cancellation.wait(random.uniform(0, most)):
                    raise
            attempt += 1


def _may_be_repeated(error: RPCDError, request: Request) -> bool:
    match error:
        case RPCDConnectionError(outcome="not sent"):
            return True
        case RPCDConnectionError():
            return request.is_repeatable
        case CallError(code=ErrorCode.SERVICE_UNAVAILABLE):
            return request.is_repeatable
    return False
