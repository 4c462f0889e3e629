"""One call: what it is asked with, what goes out, what comes back."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from .errors import Cancelled, RPCDError, UnexpectedAnswer

Item = TypeVar("Item")
Progress = TypeVar("Progress")
Result = TypeVar("Result")

# How long after its deadline, or after a cancel, an answer is still waited for.
GRACE_SECONDS = 5.0

# A socket's timeout is one of milliseconds in 32 bits.
_LONGEST_SECONDS = 2_000_000.0


class Cancellation:
    """Cancels the calls that were given it, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: set[Callable[[], None]] = set()
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it is cancelled within that time."""
        return self._event.wait(seconds)

    def cancel(self) -> None:
        with self._lock:
            self._event.set()
            hooks, self._hooks = self._hooks, set()
        for hook in hooks:
            hook()

    @contextmanager
    def calling(self, hook: Callable[[], None]) -> Iterator[None]:
        """Has `hook` called when this is cancelled meanwhile; at once when it is already."""
        with self._lock:
            is_cancelled = self._event.is_set()
            if not is_cancelled:
                self._hooks.add(hook)
        if is_cancelled:
            hook()
        try:
            yield
        finally:
            with self._lock:
                self._hooks.discard(hook)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What travels beside the params of one call."""

    #: In place of the client's own: an access token, or an API key.
    token: str | None = None
    #: The same key and params again are done once. Keep it with what the call is for: then a restart of this program repeats nothing.
    idempotency_key: str | None = None
    #: Stands in the daemon's log, and comes back in errors. 1 to 128 visible ASCII characters.
    request_id: str | None = None
    #: The daemon's default is 30 s, a day for what streams.
    timeout_ms: int | None = None
    #: W3C trace context.
    traceparent: str | None = None
    #: Ends the call early.
    cancellation: Cancellation | None = None


def new_idempotency_key() -> str:
    """A key that nobody has used."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client knows of a method beside its params and its result."""

    method: str
    mutates: bool = False
    idempotent: bool = False
    #: The path of the event stream that HTTP has for it.
    events: str | None = None
    #: Whether it answers in parts that only its own route has over HTTP.
    document: bool = False
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be sent, as often as it may be."""

    operation: Operation
    params: dict[str, Any]
    meta: dict[str, Any]
    timeout_seconds: float | None
    cancellation: Cancellation

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice does what doing it once does."""
        return not self.operation.mutates or (self.operation.idempotent and "idempotencyKey" in self.meta)

    @property
    def patience(self) -> float | None:
        """How long an answer is waited for. What is no time the daemon refuses, and has the time to."""
        if self.timeout_seconds is None:
            return None
        return min(_LONGEST_SECONDS, (self.timeout_seconds if self.timeout_seconds > 0 else 0) + GRACE_SECONDS)

    def message(self, number: int) -> dict[str, Any]:
        return {
            "jsonrpc": "2.0", "id": number, "method": self.operation.method,
            "params": {**self.params, "_meta": self.meta},
        }


class Feed(Protocol):
    """A streaming call under way."""

    def receive(self) -> tuple[bool, Any]:
        """The next thing told; whether it is the result, which is the last."""

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class Transport(Protocol):
    """How calls get to the daemon."""

    def call(self, request: Request) -> Any:
        """The result of a call, as JSON."""

    def open(self, request: Request) -> Feed:
        """Begins a streaming call."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a list."""

    items: list[Item]
    #: Where the next one begins; None at the end.
    next_cursor: str | None


def read_page(value: Any, read: Callable[[Any], Item]) -> Page[Item]:
    return Page([read(item) for item in value["items"]], value["nextCursor"])


def all_items(page: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """What is in all pages, read while it is asked for."""
    cursor = None
    while True:
        part = page(cursor)
        yield from part.items
        cursor = part.next_cursor
        if cursor is None:
            return


def read(request: Request, value: Any, reader: Callable[[Any], Result]) -> Result:
    try:
        return reader(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # Names a member, or a type; never a value, which may be a secret.
        raise UnexpectedAnswer(f"{request.operation.method}: {type(error).__name__}") from None


class Stream(Generic[Progress, Result]):
    """A call that tells how far it is, on a connection of its own: the daemon waits for who reads slowly.

        with client.jobs.watch(workspace_id=workspace, job_id=job) as watch:
            for update in watch:
                print(update.counts.found)
            job = watch.result()

    It begins when it is first asked for something. One thread reads it; any may cancel it.
    """

    def __init__(
        self, request: Request, outer: Cancellation, open: Callable[[], Feed], progress: Callable[[Any], Progress],
        result: Callable[[Any], Result],
    ) -> None:
        # The request's is this stream's own; the outer one may be that of other calls, too.
        self._request = request
        self._outer = outer
        self._open = open
        self._progress = progress
        self._read_result = result
        self._feed: Feed | None = None
        self._end: tuple[Any] | RPCDError | None = None

    def __iter__(self) -> Iterator[Progress]:
        return self

    def __next__(self) -> Progress:
        if isinstance(self._end, RPCDError):
            raise self._end
        if self._end is not None:
            raise StopIteration
        try:
            if self._feed is None:
                if self._outer.is_cancelled:
                    self.cancel()
                self._feed = self._open()
            own = self._request.cancellation
            with own.calling(self._feed.cancel), self._outer.calling(own.cancel):
                is_result, value = self._feed.receive()
        except RPCDError as error:
            self._finish(error)
            raise
        except BaseException:
            self.close()
            raise
        if not is_result:
            return read(self._request, value, self._progress)
        self._finish((value,))
        raise StopIteration

    def result(self) -> Result:
        """What the call gives when it is done. Progress that nobody has read is passed over."""
        for _ in self:
            pass
        assert isinstance(self._end, tuple)
        return read(self._request, self._end[0], self._read_result)

    def cancel(self) -> None:
        """Has the daemon stop. The end is then an error whose `is_cancellation` is true, save when the call was done before."""
        self._request.cancellation.cancel()

    def close(self) -> None:
        """Ends the call, whether it is done or not."""
        self._finish(Cancelled("unknown" if self._feed else "not sent"))

    def _finish(self, end: tuple[Any] | RPCDError) -> None:
        if self._end is None:
            self._end = end
        if self._feed:
            self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
