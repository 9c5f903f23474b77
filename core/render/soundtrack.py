"""Sound stage: the plan's stretch of prepared audio as AAC packets, encoded once.

In: a reader of prepared audio, the exact sample range. Out: packets whose first lies before time
0 by the encoder's priming, which the MP4 muxer declares as an edit list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.output import OutputContainer
from av.packet import Packet

from core.errors import EncoderError
from core.render.plan import RenderPlan
from core.units import Audio, samples_at

AAC_FRAME_SAMPLES = 1024
_BLOCK_SAMPLES = 64 * AAC_FRAME_SAMPLES
AAC_RATES_HZ = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000),
    *(24_000, 22_050, 16_000, 12_000, 11_025, 8_000),
)
"""ISO/IEC 14496-3, table 1.16."""
_MAX_CHANNEL_BPS = 192_000
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class SoundReader(Protocol):
    """Prepared audio, read in blocks; `core.audio.prepared.PreparedReader` is one."""

    @property
    def sample_rate_hz(self) -> int:
        """Samples a second."""
        ...

    @property
    def channels(self) -> int:
        """Channels."""
        ...

    def blocks(self, start: int, stop: int, size: int) -> Iterator[Audio]:
        """Yield samples `start` to `stop` in blocks of `size`, float32 (channels, n)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Soundtrack:
    """A stretch of prepared audio that becomes a video's sound.

    `start` and `stop` are sample indices of the prepared audio; the part past its end is silent,
    so that the sound is exactly as long as the picture.
    """

    reader: SoundReader
    start: int
    stop: int
    bit_rate: int

    @property
    def n_packets(self) -> int:
        """At most this many packets come."""
        return (self.stop - self.start) // AAC_FRAME_SAMPLES + 3

    def add_stream(self, container: OutputContainer) -> AudioStream:
        """Add an AAC stream. Raises EncoderError when AAC cannot carry this sound."""
        rate, channels = self.reader.sample_rate_hz, self.reader.channels
        if rate not in AAC_RATES_HZ or channels not in _LAYOUTS:
            raise EncoderError(
                f"AAC cannot carry {channels} channels at {rate} Hz.",
                hint="Prepare the sound at 48 kHz in stereo.",
            )
        stream = container.add_stream("aac", rate=rate)
        context = stream.codec_context
        context.layout = _LAYOUTS[channels]
        context.format = "fltp"
        context.bit_rate = min(self.bit_rate, _MAX_CHANNEL_BPS * channels)
        context.time_base = Fraction(1, rate)
        return stream

    def packets(self, stream: AudioStream) -> "Iterator[tuple[float, Packet[AudioStream]]]":
        """Yield (time in seconds, packet) in order."""
        rate = self.reader.sample_rate_hz
        position = 0
        for samples in self._frames():
            frame = AudioFrame.from_ndarray(
                samples, format="fltp", layout=_LAYOUTS[self.reader.channels]
            )
            frame.sample_rate = rate
            frame.time_base = Fraction(1, rate)
            frame.pts = position
            position += samples.shape[1]
            for packet in stream.encode(frame):
                yield (packet.pts or 0) / rate, packet
        for packet in stream.encode(None):
            yield (packet.pts or 0) / rate, packet

    def _frames(self) -> Iterator[Audio]:
        """Yield the range in frames of 1024 samples; only the last may be shorter."""
        rest = np.zeros((self.reader.channels, 0), np.float32)
        for block in self._blocks():
            pending = np.concatenate((rest, block), axis=1) if rest.size else block
            n_whole = pending.shape[1] // AAC_FRAME_SAMPLES * AAC_FRAME_SAMPLES
            for at in range(0, n_whole, AAC_FRAME_SAMPLES):
                yield np.ascontiguousarray(pending[:, at : at + AAC_FRAME_SAMPLES])
            rest = pending[:, n_whole:]
        if rest.shape[1]:
            yield np.ascontiguousarray(rest)

    def _blocks(self) -> Iterator[Audio]:
        """Yield the range, silent where the prepared audio has ended."""
        n_left = self.stop - self.start
        for block in self.reader.blocks(self.start, self.stop, _BLOCK_SAMPLES):
            n_left -= block.shape[1]
            yield block
        while n_left > 0:
            n_silent = min(n_left, _BLOCK_SAMPLES)
            n_left -= n_silent
            yield np.zeros((self.reader.channels, n_silent), np.float32)


def soundtrack_of(plan: RenderPlan, reader: SoundReader) -> Soundtrack:
    """Return the sound of the plan's frames: from the first's start to the last's end."""
    if plan.file.audio_codec != "aac":
        raise EncoderError(f"Cymatic makes no {plan.file.audio_codec} sound.", hint="Use aac.")
    rate, fps = reader.sample_rate_hz, plan.picture.fps
    start = samples_at(plan.first_frame / fps, rate)
    # Counted from the start, so that the length is right wherever the range begins.
    length = samples_at(plan.n_frames / fps, rate)
    return Soundtrack(
        reader=reader, start=start, stop=start + length, bit_rate=plan.file.audio_bitrate_bps
    )
