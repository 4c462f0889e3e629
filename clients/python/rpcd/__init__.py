"""Typed calls to rpcd. `Client` has a method for each RPC method; what they take and give is in `rpcd.types`.

    from rpcd import Client

    with Client.unix("/run/rpcd/rpcd.sock") as client:
        print(client.system.version().version)
"""

from . import types
from .calls import CallOptions, Cancellation, Page, Stream, new_idempotency_key
from .client import Client
from .errors import CallError, Cancelled, RPCDConnectionError, RPCDError, UnexpectedAnswer
from .http import HTTPTransport
from .types import ErrorCode
from .unix import UnixTransport

__all__ = [
    "CallError", "CallOptions", "Cancellation", "Cancelled", "Client", "ErrorCode", "HTTPTransport", "Page",
    "RPCDConnectionError", "RPCDError", "Stream", "UnexpectedAnswer", "UnixTransport", "new_idempotency_key", "types",
]
