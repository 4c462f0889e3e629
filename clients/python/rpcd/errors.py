"""Why a call has no result."""

from __future__ import annotations

from typing import Any, Literal

from .types import ErrorCode

Outcome = Literal["not sent", "unknown"]


class RPCDError(Exception):
    """Every failure of a call."""

    # Whether an attempt before the last may have been done.
    _follows_unknown = False

    def _follow_unknown(self) -> None:
        self._follows_unknown = True

    @property
    def is_cancellation(self) -> bool:
        """Whether it ended because it was cancelled."""
        return False

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether the call may have been done although there is no result."""
        return self._follows_unknown


class CallError(RPCDError):
    """What the daemon says of a call that failed."""

    def __init__(self, envelope: Any, rpc_code: int | None = None) -> None:
        error = envelope.get("error") if isinstance(envelope, dict) else None
        error = error if isinstance(error, dict) else {}
        meta = envelope.get("meta") if isinstance(envelope, dict) else None
        #: What a program switches on.
        self.code = ErrorCode(str(error.get("code", rpc_code)))
        #: What a person reads.
        self.message = str(error.get("message", ""))
        #: As the code's documentation says.
        self.details: Any = error.get("details")
        #: Under which the daemon's log has the call.
        self.request_id: str | None = meta.get("requestId") if isinstance(meta, dict) else None
        #: The code of JSON-RPC; None where HTTP refused the request before it was read.
        self.rpc_code = rpc_code
        super().__init__(f"{self.code}: {self.message}")

    @property
    def retry_after_ms(self) -> int | None:
        """When to try again, where the daemon says."""
        return self.details.get("retryAfterMs") if isinstance(self.details, dict) else None

    @property
    def is_cancellation(self) -> bool:
        return self.code == ErrorCode.CANCELLED

    @property
    def is_outcome_unknown(self) -> bool:
        return self._follows_unknown or isinstance(self.details, dict) and self.details.get("outcome") == "unknown"


class RPCDConnectionError(RPCDError):
    """No answer of the daemon. Where the outcome is unknown the same call with the same idempotency key tells."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome: Outcome = outcome

    def _follow_unknown(self) -> None:
        self.outcome = "unknown"

    @property
    def is_outcome_unknown(self) -> bool:
        return self.outcome == "unknown"


class Cancelled(RPCDError):
    """The call was cancelled, and the daemon did not say what came of it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("cancelled")
        self.outcome: Outcome = outcome

    def _follow_unknown(self) -> None:
        self.outcome = "unknown"

    @property
    def is_cancellation(self) -> bool:
        return True

    @property
    def is_outcome_unknown(self) -> bool:
        return self.outcome == "unknown"


class UnexpectedAnswer(RPCDError):
    """The daemon answered what this client does not understand: it is of another version."""

    @property
    def is_outcome_unknown(self) -> bool:
        return True
