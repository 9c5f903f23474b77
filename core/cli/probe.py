"""`cymatic probe`: what is in a file, before anything is done with it.

In: a media file. Out: its streams, length, tags, chapters; how loud it is. Nothing is stored.
"""

from pathlib import Path

import click

from core.cli.documents import ProbeReport
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.output import fields, print_document, say, size_text, table
from core.library.model import Loudness, StreamInfo
from core.units import time_text


@click.command(cls=CommandWithOptions)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Leave the loudness out: nothing is decoded.")
@click.pass_context
def probe(context: click.Context, file: Path, quick: bool) -> None:
    """Show the streams, length, tags and loudness of a file."""
    from core.ingest.describe import describe
    from core.ingest.probe import probe_file

    path = file.expanduser().absolute()
    if quick:
        report = ProbeReport(path=path, media=probe_file(path))
    else:
        found = describe(path)
        report = ProbeReport(path=path, media=found.probe, loudness=found.loudness)
    print_document("probe", report) if scope_of(context).json else say(_text(report))


def _text(report: ProbeReport) -> str:
    media = report.media
    pairs = [
        ("file", str(report.path)),
        ("container", media.container),
        ("length", time_text(media.duration_s) if media.duration_s else "not stated"),
        ("size", size_text(media.size_bytes)),
        ("cover", "yes" if media.has_cover else ""),
        ("chapters", str(len(media.chapters)) if media.chapters else ""),
        *sorted(media.tags.items()),
    ]
    if report.loudness:
        pairs += loudness_fields(report.loudness)
    rows = [_stream_row(stream, media.audio_stream) for stream in media.streams]
    return f"{fields(pairs)}\n\n{table(('STREAM', 'KIND', 'CODEC', 'WHAT'), rows)}"


def loudness_fields(loudness: Loudness) -> list[tuple[str, str]]:
    """Return how loud a sound is as names and values; what is not known has no value."""
    measured = (
        ("loudness", loudness.integrated_lufs, "LUFS"),
        ("range", loudness.loudness_range_lu, "LU"),
        ("true peak", loudness.true_peak_dbtp, "dBTP"),
        ("loudest 3 s", loudness.max_short_term_lufs, "LUFS"),
        ("loudest 0.4 s", loudness.max_momentary_lufs, "LUFS"),
    )
    pairs = [(name, f"{n:.1f} {unit}" if n is not None else "") for name, n, unit in measured]
    return pairs if loudness.integrated_lufs is not None else [("loudness", "silence"), *pairs[1:]]


def _stream_row(stream: StreamInfo, taken: int) -> tuple[str, str, str, str]:
    parts = [
        f"{stream.sample_rate_hz} Hz" if stream.sample_rate_hz else "",
        f"{stream.channels} channels" if stream.channels else "",
        f"{stream.bit_depth} bit" if stream.bit_depth else "",
        f"{stream.width} × {stream.height}" if stream.width else "",
        f"{stream.fps:.2f} fps" if stream.fps else "",
        "cover" if stream.is_cover else "",
        "← this sound is taken" if stream.index == taken else "",
    ]
    what = ", ".join(part for part in parts if part)
    return str(stream.index), stream.kind, stream.codec, what
