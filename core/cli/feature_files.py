"""Features as files that other programs read: .npz, .json, .csv.

In: a features file of the library. Out: every column at every hop, the beats, the tempo.
"""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.analysis.features import Features, open_features
from core.documents import to_builtins
from core.errors import DiskError

DIGITS = 6
"""Significant digits in text files: more than float32 holds of a level."""


def export_features(features: Path, output: Path) -> None:
    """Write the features to `output`, in the form its suffix names; it appears whole or not at all.

    Raises DiskError when it cannot be written.
    """
    write: dict[str, Callable[[Features, BinaryIO], None]] = {
        ".npz": _write_npz,
        ".json": _write_json,
        ".csv": _write_csv,
    }
    hidden = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with hidden.open("wb") as file:
            write[output.suffix.lower()](open_features(features), file)
        hidden.replace(output)
    except OSError as error:
        raise DiskError(
            f"{output} cannot be written: {error.strerror or error}.",
            hint="Check the folder's permissions and free space.",
        ) from error
    finally:
        hidden.unlink(missing_ok=True)


def _write_npz(features: Features, file: BinaryIO) -> None:
    columns = {name: features.column(name) for name in features.columns}
    beats = np.asarray(features.beats.times_s, np.float64)
    np.savez_compressed(file, time_s=features.hop_times_s, beats_s=beats, **columns)  # type: ignore[arg-type]


def _write_json(features: Features, file: BinaryIO) -> None:
    header = to_builtins(features.header)
    columns = {name: _rounded(features.column(name)) for name in features.columns}
    document = {"features": header, "time_s": _rounded(features.hop_times_s), "columns": columns}
    file.write(json.dumps(document, separators=(",", ":")).encode())


def _write_csv(features: Features, file: BinaryIO) -> None:
    lines = _Lines(file)
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(["time_s", *features.columns])
    columns = [features.hop_times_s, *(features.column(name) for name in features.columns)]
    for row in zip(*columns, strict=True):
        table.writerow([f"{value:.{DIGITS}g}" for value in row])


class _Lines:
    """A text writer over a binary file that leaves the file open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write the text as UTF-8."""
        return self._file.write(text.encode())


def _rounded(values: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]") -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
