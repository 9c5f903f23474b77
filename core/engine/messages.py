"""The envelopes on the wire: what a line of either direction looks like."""

from typing import Any

import msgspec

from core.documents import json_reader, to_builtins
from core.engine.protocol import AnyRequest
from core.errors import ErrorView

MAX_LINE_BYTES = 256 * 1024**2
"""The longest answer is a page of a thousand jobs; this only stops a peer gone mad."""
NOTHING = msgspec.Raw(b"")


class ClientLine(msgspec.Struct, frozen=True, kw_only=True):
    """A request, or `stop` for the stream of an earlier one."""

    id: int
    token: str = ""
    request: msgspec.Raw = NOTHING
    stop: bool = False


class EngineLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer: exactly one of the optional fields is set."""

    id: int
    reply: msgspec.Raw = NOTHING
    error: ErrorView | None = None
    event: msgspec.Raw = NOTHING
    end: bool = False


read_client_line = json_reader(ClientLine)
read_engine_line = json_reader(EngineLine)
read_request = json_reader(AnyRequest)


def request_line(number: int, token: str, request: object) -> bytes:
    """Return the line that asks."""
    body: dict[str, Any] = {"id": number, "token": token, "request": to_builtins(request)}
    return msgspec.json.encode(body) + b"\n"


def stop_line(number: int, token: str) -> bytes:
    """Return the line that ends a stream early."""
    return msgspec.json.encode({"id": number, "token": token, "stop": True}) + b"\n"
