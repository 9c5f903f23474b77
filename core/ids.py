"""Identifiers: time-ordered UUIDs (RFC 9562, version 7), so that ids sort as rows were made."""

import os
import time
import uuid


def new_id() -> str:
    """Return a new time-ordered UUID as its 36-character text."""
    millis = time.time_ns() // 1_000_000
    value = (millis & ((1 << 48) - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
