"""Typed values to JSON and back, their hashes, and the documents the program prints.

In: msgspec Structs and dataclasses. Out: canonical JSON bytes (keys in field order, no white
space), SHA-256 of them, and `{"schema": "cymatic.<name>/1", "<name>": …}` documents.
"""

import hashlib
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from core.errors import KnownError

_FRACTION = re.compile(r"-?\d{1,400}(?:/0*[1-9]\d{0,400}|\.\d{0,400})?", re.ASCII)


def _encode_extra(value: object) -> object:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value)} has no JSON form")


def _decode_extra(kind: type, value: object) -> object:
    if kind is Fraction and isinstance(value, int):
        return Fraction(value)
    if kind is Fraction and isinstance(value, str):
        # An exponent could ask for a number of a billion digits, a zero divides by nothing.
        if not _FRACTION.fullmatch(value):
            raise ValueError(f"“{value[:40]}” is not a fraction")
        return Fraction(value)
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"{kind} has no JSON form")


def _schema_extra(kind: type) -> dict[str, Any]:
    if kind is Fraction:
        return {"type": "string", "pattern": r"^-?\d+(/\d+)?$"}
    return {"type": "string"}


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_extra)


def to_json(value: object) -> bytes:
    """Return `value` as compact JSON, fields in declaration order."""
    return _ENCODER.encode(value)


def from_json[T](data: bytes | str, kind: type[T]) -> T:
    """Return the `kind` that `data` holds; raise KnownError with the field that is wrong."""
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_decode_extra)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KnownError(
            f"This is not a valid {kind.__name__} document: {error}.",
            code="document",
            hint="It may come from another version of Cymatic, or be damaged.",
        ) from error


def json_reader(kind: Any) -> Callable[[bytes | str], Any]:  # noqa: ANN401 - any type expression
    """Return a function that reads JSON of one type, a union too, many times over.

    The function raises KnownError with the field that is wrong.
    """
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind, dec_hook=_decode_extra)

    def read(data: bytes | str) -> Any:  # noqa: ANN401 - as typed as `kind` is
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KnownError(f"This message is not valid: {error}.", code="document") from error

    return read


def to_builtins(value: object) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return `value` as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value, enc_hook=_encode_extra)


def from_builtins[T](value: object, kind: type[T]) -> T:
    """Return the `kind` that the plain `value` holds."""
    try:
        return msgspec.convert(value, type=kind, dec_hook=_decode_extra)
    except msgspec.ValidationError as error:
        raise KnownError(
            f"This is not a valid {kind.__name__}: {error}.", code="document"
        ) from error


def hash_of(value: object) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(to_json(value)).hexdigest()


def document(name: str, payload: object) -> dict[str, Any]:
    """Return the document that `--json` prints: schema name and one payload key."""
    return {"schema": f"cymatic.{name}/1", name: to_builtins(payload)}


def json_schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any type expression
    """Return the JSON Schema (2020-12) of a type."""
    return msgspec.json.schema(kind, schema_hook=_schema_extra)
