"""Sound formats: which kinds of sound files there are, and what each can hold.

In: a file name, a few settings. Out: a `SoundFormat`, or one sentence that says what to write
instead. Pure; FFmpeg is asked only for the rates of its encoders.
"""

from dataclasses import dataclass, field
from pathlib import Path

import av
import msgspec

from core.errors import UsageError

MP3_BIT_RATES = tuple(
    1000 * k for k in (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
)
"""ISO/IEC 11172-3, layer III."""
FULL_QUALITY_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundKind:
    """What one kind of sound file is made of and can hold."""

    name: str
    """For people."""
    encoding: tuple[str, str, str]
    """FFmpeg's names of the muxer, the encoder, and the form of samples it is fed with."""
    suffixes: tuple[str, ...]
    max_channels: int = 8
    channel_counts: tuple[int, ...] = ()
    """Where it is not every count up to the most."""
    bit_depths: tuple[int, ...] = ()
    """The first is taken when none is asked for."""
    bit_rates_bps: tuple[int, int] | None = None
    """The lowest and the highest that can be asked for."""
    max_rate_hz: int = 384_000
    options: dict[str, str] = field(default_factory=dict)

    @property
    def container(self) -> str:
        """FFmpeg's name of the muxer."""
        return self.encoding[0]

    @property
    def codec(self) -> str:
        """FFmpeg's name of the encoder; “pcm” for all of WAV's."""
        return self.encoding[1]

    @property
    def sample_format(self) -> str:
        """The form of samples that the encoder takes, but for 16 bits and 32-bit float."""
        return self.encoding[2]

    def takes(self, channels: int) -> bool:
        """Return whether a file can have so many channels."""
        counts = self.channel_counts or range(1, self.max_channels + 1)
        return channels in counts


KINDS = {
    "wav": SoundKind(
        name="WAV",
        encoding=("wav", "pcm", "s32"),
        suffixes=(".wav",),
        bit_depths=(24, 16, 32),
        options={"rf64": "auto"},
    ),
    "flac": SoundKind(
        name="FLAC",
        encoding=("flac", "flac", "s32"),
        suffixes=(".flac",),
        bit_depths=(24, 16),
    ),
    "mp3": SoundKind(
        name="MP3",
        encoding=("mp3", "libmp3lame", "fltp"),
        suffixes=(".mp3",),
        max_channels=2,
        bit_rates_bps=(MP3_BIT_RATES[0], MP3_BIT_RATES[-1]),
        # Version 2.3 is what every player reads; 2.4 is not.
        options={"id3v2_version": "3"},
    ),
    "m4a": SoundKind(
        name="AAC",
        encoding=("mp4", "aac", "fltp"),
        suffixes=(".m4a", ".m4b"),
        channel_counts=(1, 2, 6, 8),
        bit_rates_bps=(32_000, 1_536_000),
        # The muxer “ipod” is this one with this brand, but refuses covers.
        options={"movflags": "+faststart", "brand": "M4A "},
    ),
    "opus": SoundKind(
        name="Opus",
        encoding=("opus", "libopus", "flt"),
        suffixes=(".opus",),
        bit_rates_bps=(6_000, 2_048_000),
    ),
    "ogg": SoundKind(
        name="Ogg Vorbis",
        encoding=("ogg", "vorbis", "fltp"),
        suffixes=(".ogg", ".oga"),
        max_channels=2,
        max_rate_hz=192_000,
    ),
}


class SoundFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How a sound file is written. None: what is usual for its kind."""

    kind: str
    """A key of KINDS."""
    bit_depth: int | None = None
    """WAV 16, 24 or 32 (float); FLAC 16 or 24. Usual: 24."""
    bit_rate_bps: int | None = None
    """MP3, AAC, Opus. Usual: MP3 variable at its best (V0), AAC 128 and Opus 96 kbit/s for each
    channel."""

    @property
    def is_float(self) -> bool:
        """Whether the file keeps what goes over full scale."""
        return self.kind == "wav" and self.bit_depth == 32


def sound_format_for(
    path: Path, *, bit_depth: int | None = None, bit_rate_bps: int | None = None
) -> SoundFormat:
    """Return the format that a file's suffix names.

    Parameters
    ----------
    path : Path
        Its suffix chooses: .wav .flac .mp3 .m4a .m4b .opus .ogg .oga.
    bit_depth : int, optional
        16, 24, and 32 (float) for WAV.
    bit_rate_bps : int, optional
        Bits a second of all channels together.

    Raises
    ------
    UsageError
        An unknown suffix, or a setting that this format does not have.
    """
    suffix = path.suffix.lower()
    kind = next((key for key, kind in KINDS.items() if suffix in kind.suffixes), None)
    if kind is None:
        words = f"a sound file cannot end in “{path.suffix}”" if suffix else "it has no ending"
        raise UsageError(
            f"“{path.name}” names no sound format: {words}.",
            hint=f"End it in one of {', '.join(sound_suffixes())}.",
        )
    fmt = SoundFormat(kind=kind, bit_depth=bit_depth, bit_rate_bps=bit_rate_bps)
    check_format(fmt)
    if KINDS[kind].bit_depths and bit_depth is None:
        return msgspec.structs.replace(fmt, bit_depth=KINDS[kind].bit_depths[0])
    return fmt


def sound_suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats that can be written, the usual ones first."""
    return tuple(suffix for kind in KINDS.values() for suffix in kind.suffixes)


def check_format(fmt: SoundFormat) -> None:
    """Raise UsageError when a format has a setting that its kind does not take."""
    kind = KINDS.get(fmt.kind)
    if kind is None:
        raise UsageError(
            f"“{fmt.kind}” is not a sound format.", hint=f"Use one of {', '.join(KINDS)}."
        )
    if fmt.bit_depth is not None and fmt.bit_depth not in kind.bit_depths:
        raise UsageError(
            f"{kind.name} has no bit depth of {fmt.bit_depth}.",
            hint=f"Use {_choice(kind.bit_depths)}."
            if kind.bit_depths
            else "Leave the bit depth away; a bit rate says how good it sounds.",
        )
    if fmt.bit_rate_bps is not None:
        _check_bit_rate(kind, fmt.bit_rate_bps)


def _check_bit_rate(kind: SoundKind, bit_rate_bps: int) -> None:
    if kind.bit_rates_bps is None:
        raise UsageError(
            f"{kind.name} has no bit rate to choose.",
            hint="Leave the bit rate away, or choose MP3, M4A or Opus.",
        )
    lowest, highest = kind.bit_rates_bps
    fits = lowest <= bit_rate_bps <= highest
    if kind is KINDS["mp3"]:
        fits = bit_rate_bps in MP3_BIT_RATES
        words = _choice([rate // 1000 for rate in MP3_BIT_RATES]) + " kbit/s"
    else:
        words = f"{lowest // 1000} to {highest // 1000} kbit/s"
    if not fits:
        raise UsageError(
            f"{kind.name} has no bit rate of {bit_rate_bps / 1000:g} kbit/s.", hint=f"Use {words}."
        )


def _choice(values: tuple[int, ...] | list[int]) -> str:
    words = [str(value) for value in sorted(values)]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def file_rate_hz(fmt: SoundFormat, sample_rate_hz: int) -> int:
    """Return the rate a file of this format gets for sound of some rate.

    The sound's own rate where the format takes it; else a whole fraction of it, else the next
    higher one, else the highest.
    """
    kind = KINDS[fmt.kind]
    if kind.codec == "libopus":
        return FULL_QUALITY_RATE_HZ  # decoders give 48 kHz whatever went in
    rates = () if kind.codec == "pcm" else av.Codec(kind.codec, "w").audio_rates or ()
    if not rates:
        return min(sample_rate_hz, kind.max_rate_hz)
    if sample_rate_hz in rates:
        return sample_rate_hz
    above = [rate for rate in rates if rate > sample_rate_hz]
    whole = [rate for rate in rates if sample_rate_hz % rate == 0 and rate >= 32_000]
    return min(above) if above else max(whole or rates)


def file_channels(fmt: SoundFormat, channels: int) -> int:
    """Return how many channels a file of this format gets for sound of `channels`.

    Raises UsageError when the format cannot hold them.
    """
    kind = KINDS[fmt.kind]
    if kind.codec == "vorbis" and channels == 1:
        return 2  # FFmpeg's encoder of Vorbis knows stereo only
    if not kind.takes(channels):
        fitting = next(other for key, other in KINDS.items() if key in ("flac", "opus"))
        known = f"{channels} channels" if channels != 1 else "1 channel"
        raise UsageError(
            f"{kind.name} cannot hold {known}.",
            hint=f"Mix it to stereo, or choose {fitting.name} or Opus."
            if 1 <= channels <= fitting.max_channels
            else "Mix it to stereo.",
        )
    return channels
