"""Prepared audio: the mixdown of a recipe as one 24-bit FLAC file, and reading it back.

In: blocks of sound. Out: a file of the same bytes for the same blocks; blocks of it, to the
sample. Analysis, mux and cloud read this file and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from core.audio.aside import Aside
from core.audio.limiter import PeakLimiter
from core.audio.loudness import LoudnessMeter
from core.audio.mix import reblock
from core.audio.normalisation import NormalisationPlan, NormalisationReport
from core.audio.normalise import Normaliser
from core.documents import from_json, to_json
from core.errors import KnownError, LibraryError, MediaError, UsageError
from core.ingest.opening import open_media
from core.library.files import disk_errors, flush
from core.units import Audio

STEPS = 1 << 23
BLOCK_SAMPLES = 1 << 16
DITHER_SEED = 0x43594D
FEW_SAMPLES = 64
"""Whether a block lies on the steps mostly shows in so many."""
MAX_FLAC_CHANNELS = 8
SEEK_MARGIN_SAMPLES = 1 << 14
"""A FLAC frame holds 4096 samples here; a seek lands within one or two of them."""
LIMITED_TAG = "limited_peak_db"
"""How far peaks went over full scale, as seven characters; 000.000: they did not."""
_ENCODER = {"compression_level": "0", "frame_size": "4096"}
"""As small as FFmpeg's default (level 5) within 1 %, written and read in 3/4 of the time."""
REPORT_TAG = "normalisation"
"""How the mix was brought to its loudness, as JSON in a field of fixed width."""
_REPORT_BYTES = 2048
_HEAD_BYTES = 8192
_MUXER_BITEXACT = 0x400  # AVFMT_FLAG_BITEXACT
_CODEC_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedInfo:
    """What was written.

    Samples per channel, how far peaks went over full scale, if any, and how the mix was brought
    to its loudness, if it was.
    """

    n_samples: int
    limited_peak_db: float | None
    report: NormalisationReport | None = None


def write_prepared(
    blocks: Iterable[Audio],
    path: Path,
    *,
    sample_rate_hz: int,
    channels: int,
    on_samples: Callable[[int], None] | None = None,
    on_block: Callable[[Audio], None] | None = None,
    plan: NormalisationPlan | None = None,
) -> PreparedInfo:
    """Write a mix as 24-bit FLAC: peaks held at full scale, TPDF dither from a fixed seed.

    Parameters
    ----------
    blocks : iterable of Audio
        float32 (channels, n), nominal range [-1, 1].
    path : Path
        A file in staging; complete and flushed when this returns.
    sample_rate_hz, channels : int
        Form of the blocks; channels 1 to 8.
    on_samples : callable, optional
        Called with the samples written so far; may raise to stop.
    on_block : callable, optional
        Called with each block exactly as a `PreparedReader` of the file will give it.
    plan : NormalisationPlan, optional
        What brings the mix to its loudness; the report measures what was written.

    Raises
    ------
    MediaError
        There is no sound in the mix.
    DiskError
        The disk is full.
    """
    if not 1 <= channels <= MAX_FLAC_CHANNELS:
        raise UsageError(f"A mix cannot have {channels} channels.", hint="Use 1 to 8.")
    limiter = PeakLimiter(sample_rate_hz)
    normaliser = Normaliser(plan, sample_rate_hz) if plan else None
    meter = LoudnessMeter(sample_rate_hz, channels) if plan else None
    mix = normaliser.apply(blocks) if normaliser else blocks
    written = 0

    tags = {LIMITED_TAG: _limited_text(None)} | ({REPORT_TAG: " " * _REPORT_BYTES} if plan else {})

    def encode(blocks: Iterator[NDArray[np.int32]]) -> None:
        with disk_errors(path):
            _encode(blocks, path, sample_rate_hz=sample_rate_hz, channels=channels, tags=tags)

    with Aside(encode) as encoder:
        for index, block in enumerate(reblock(limiter.limit(mix), BLOCK_SAMPLES)):
            steps = quantise(block, index)
            encoder.put(steps)
            if on_block or meter:
                exact = np.multiply(steps, np.float32(1 / STEPS), dtype=np.float32)
                if on_block:
                    on_block(exact)
                if meter:
                    meter.add(exact)
            written += block.shape[1]
            if on_samples:
                on_samples(written)
        encoder.finish()
    if not written:
        raise MediaError("There is no sound in this mix.", hint="Add a clip that is not empty.")
    report = normaliser.report(meter.result()) if normaliser and meter else None
    _note(path, LIMITED_TAG, _limited_text(limiter.limited_peak_db))
    if report:
        _note(path, REPORT_TAG, to_json(report).decode().ljust(_REPORT_BYTES))
    flush(path)
    return PreparedInfo(n_samples=written, limited_peak_db=limiter.limited_peak_db, report=report)


def _encode(
    blocks: Iterator[NDArray[np.int32]],
    path: Path,
    *,
    sample_rate_hz: int,
    channels: int,
    tags: dict[str, str],
) -> None:
    """Write blocks of 24-bit steps (channels, n) as FLAC."""
    written = 0
    with av.open(path, "w", format="flac") as container:
        container.flags |= _MUXER_BITEXACT  # no library version in the file
        stream = container.add_stream("flac", rate=sample_rate_hz, options=dict(_ENCODER))
        stream.layout, stream.format = _LAYOUTS[channels], "s32"
        stream.codec_context.flags |= _CODEC_BITEXACT
        container.metadata.update(tags)
        for steps in blocks:
            container.mux(stream.encode(_frame(steps, sample_rate_hz, written)))
            written += steps.shape[1]
        if written:
            container.mux(stream.encode(None))


def _limited_text(limited_peak_db: float | None) -> str:
    return f"{limited_peak_db or 0.0:07.3f}"


def _note(path: Path, tag: str, text: str) -> None:
    """Fill in a tag of fixed width that had to be written before the sound was known."""
    with path.open("rb+") as stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(head.index(f"{tag}=".encode()) + len(tag) + 1)
        stream.write(text.encode())


def quantise(block: Audio, index: int, *, bits: int = 24) -> NDArray[np.int32]:
    """Return steps of `bits` bits (channels, n) of block number `index`.

    Dither (triangular, two steps wide) is added only where rounding would lose something: what
    already lies on the steps, such as a 16-bit source or silence, stays as it is.
    """
    top = 1 << (bits - 1)
    steps = np.multiply(block, np.float32(top), dtype=np.float32)
    if not (_are_steps(steps[:, :FEW_SAMPLES]) and _are_steps(steps)):
        steps += _dither(steps.shape, index)
    # In place: at this size every new array is paged in anew, which takes longer than the sums.
    np.rint(steps, out=steps)
    np.maximum(steps, np.float32(-top), out=steps)
    np.minimum(steps, np.float32(top - 1), out=steps)
    return steps.astype(np.int32)


def _dither(shape: tuple[int, ...], index: int) -> NDArray[np.float32]:
    """Return triangular noise of block `index`, -1 to 1 step: the sum of two even ones."""
    n = shape[0] * shape[1]
    # Raw bits, because floats from a generator take four times as long.
    bits = np.random.SFC64([DITHER_SEED, index]).random_raw(-(-n // 4) * 2).view(np.int16)
    noise = np.add(bits[:n], bits[-n:], dtype=np.float32)
    noise *= np.float32(2.0**-16)
    return noise.reshape(shape)


def _are_steps(steps: NDArray[np.float32]) -> bool:
    return np.array_equal(steps, np.rint(steps))


def _frame(steps: NDArray[np.int32], sample_rate_hz: int, pts: int) -> AudioFrame:
    # FFmpeg carries 24 bits in the upper part of 32.
    packed = np.empty(steps.shape[::-1], np.int32)
    for index, channel in enumerate(steps):  # by channel: a transposed copy takes six times as long
        np.left_shift(channel, 8, out=packed[:, index])
    frame = AudioFrame.from_ndarray(
        packed.reshape(1, -1), format="s32", layout=_LAYOUTS[len(steps)]
    )
    frame.sample_rate, frame.pts = sample_rate_hz, pts
    frame.time_base = Fraction(1, sample_rate_hz)
    return frame


class PreparedReader:
    """Reads a prepared file; holds nothing open between calls, safe to share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open_media(path) as container:
                stream = _sound(container)
                self.sample_rate_hz = int(stream.sample_rate)
                self.channels = int(stream.channels)
                self.n_samples = int(stream.duration or 0)
                if not self.n_samples or not self.sample_rate_hz or not self.channels:
                    raise self._damaged()
                limited_db = float(container.metadata.get(LIMITED_TAG, "0"))
                told = container.metadata.get(REPORT_TAG, "").strip()
                report = from_json(told, NormalisationReport) if told else None
        except (KnownError, ValueError) as error:
            raise self._damaged() from error
        self.report = report
        """How the mix was brought to its loudness; None where it was left as it is."""
        self.limited_peak_db = limited_db or None
        """How far peaks went over full scale before they were held, in dB; None: not at all."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate_hz

    def blocks(
        self, start: int = 0, stop: int | None = None, size: int = BLOCK_SAMPLES
    ) -> Iterator[Audio]:
        """Yield samples [start, stop) in blocks of `size`, exactly those, wherever they lie.

        Parameters
        ----------
        start, stop : int
            Sample indices; `stop` None, or past the end: to the end.
        size : int
            Samples per block, more than 0; the last block is what is left.

        Yields
        ------
        Audio
            float32 (channels, n), range [-1, 1).

        Raises
        ------
        LibraryError
            The file is damaged.
        """
        stop = self.n_samples if stop is None else min(stop, self.n_samples)
        start = max(start, 0)
        if start < stop:
            yield from reblock(self._pieces(start, stop), size)

    def _pieces(self, start: int, stop: int) -> Iterator[Audio]:
        at = start
        try:
            with open_media(self.path) as container:
                stream = _sound(container)
                for first, samples in _decoded_from(container, stream, start):
                    piece = samples[:, max(at - first, 0) : stop - first]
                    if first > at:
                        raise self._damaged()
                    if piece.shape[1]:
                        at += piece.shape[1]
                        yield np.multiply(piece, np.float32(2.0**-31), dtype=np.float32)
                    if at >= stop:
                        return
        except MediaError as error:
            raise self._damaged() from error
        raise self._damaged()

    def _damaged(self) -> LibraryError:
        return LibraryError(
            "The prepared sound is missing or damaged.",
            hint="Prepare it again: “cymatic library check --repair” removes the damaged file.",
            path=self.path,
        )


def _sound(container: InputContainer) -> av.AudioStream:
    if not container.streams.audio:
        raise MediaError
    return container.streams.audio[0]


def _decoded_from(
    container: InputContainer, stream: av.AudioStream, start: int
) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield (index of first sample, int32 (channels, n)) from a frame at or before `start`."""
    frames = _frames_after_seek(container, stream, start)
    for frame in frames:
        flat = np.frombuffer(frame.planes[0], "<i4", frame.samples * stream.channels)
        yield frame.pts or 0, flat.reshape(frame.samples, stream.channels).T


def _frames_after_seek(
    container: InputContainer, stream: av.AudioStream, start: int
) -> Iterator[AudioFrame]:
    if start > SEEK_MARGIN_SAMPLES:
        target = start - SEEK_MARGIN_SAMPLES
        try:
            container.seek(int(target), stream=stream)
            decoded = container.decode(stream)
            first = next(decoded, None)
        except av.InvalidDataError:  # FLAC seeks fail now and then: from the start instead
            first = None
        if first is not None and first.pts is not None and first.pts <= start:
            yield first
            yield from decoded
            return
        container.seek(0, stream=stream)
    yield from container.decode(stream)
