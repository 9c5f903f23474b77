"""Features for other programs: NumPy (.npz), JSON and CSV.

In: `Features` and a path. Out: one file, whole or not at all. Rows and columns are taken a part
at a time, so that a 12-hour track needs no more memory than a short one.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.analysis.features import Features
from core.documents import to_builtins
from core.errors import DiskError, UsageError

CHUNK_HOPS = 4096


def export_features(features: Features, path: Path) -> None:
    """Write every column, the events and the beat grid to a file named by its suffix.

    `.npz`: an array per column, `time_s`, `events/<kind>/times_s` and `…/strengths`, `beats_s`.
    `.json`: the schema `cymatic.features/1`. `.csv`: a row per hop, `time_s` first (no events).

    Raises
    ------
    UsageError for another suffix; DiskError when the file cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(
            f"Features cannot be written as “{path.suffix or path.name}”.",
            hint=f"End the name in {', '.join(_WRITERS)}.",
        )
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            write(features, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise DiskError(
            f"“{path.name}” cannot be written: {error.strerror}.",
            hint="Choose another folder, or make room.",
            path=path,
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _write_npz(features: Features, file: BinaryIO) -> None:
    arrays = {"time_s": features.hop_times_s, "beats_s": np.asarray(features.beats.times_s)}
    arrays |= {name: features.column(name) for name in features.columns}
    for kind in features.header.events:
        events = features.events(kind)
        arrays[f"events/{kind}/times_s"] = events.times_s
        arrays[f"events/{kind}/strengths"] = events.strengths
    np.savez_compressed(file, allow_pickle=False, **arrays)


def _write_json(features: Features, file: BinaryIO) -> None:
    file.write(b'{"schema":"cymatic.features/1","features":{"header":')
    file.write(json.dumps(to_builtins(features.header)).encode())
    file.write(b',"events":{')
    for index, kind in enumerate(features.header.events):
        events = features.events(kind)
        rows = {
            "times_s": events.times_s.round(6).tolist(),
            "strengths": [_short(value) for value in events.strengths],
        }
        file.write(b"," * (index > 0) + f"{json.dumps(kind)}:{json.dumps(rows)}".encode())
    file.write(b'},"columns":{')
    for index, name in enumerate(features.columns):
        file.write(b"," * (index > 0) + f"{json.dumps(name)}:[".encode())
        values = features.column(name)
        for first in range(0, len(values), CHUNK_HOPS):
            text = ",".join(map(str, map(_short, values[first : first + CHUNK_HOPS])))
            file.write(b"," * (first > 0) + text.encode())
        file.write(b"]")
    file.write(b"}}}\n")


def _write_csv(features: Features, file: BinaryIO) -> None:
    file.write(",".join(("time_s", *features.columns)).encode() + b"\n")
    times = features.hop_times_s
    for first in range(0, len(times), CHUNK_HOPS):
        rows = slice(first, first + CHUNK_HOPS)
        columns = [features.column(name)[rows] for name in features.header.columns]
        columns += [features.at(name, times[rows]) for name in _grid_names(features)]
        lines = [
            f"{time:.2f}," + ",".join(map(str, map(_short, row)))
            for time, row in zip(times[rows], np.stack(columns, axis=1), strict=True)
        ]
        file.write("\n".join(lines).encode() + b"\n")


def _grid_names(features: Features) -> tuple[str, ...]:
    return features.columns[len(features.header.columns) :]


def _short(value: np.float32) -> float:
    """Return a number that prints in about six digits, as precise as anybody can use."""
    return float(f"{value:.6g}")


_WRITERS: dict[str, Callable[[Features, BinaryIO], None]] = {
    ".npz": _write_npz,
    ".json": _write_json,
    ".csv": _write_csv,
}
