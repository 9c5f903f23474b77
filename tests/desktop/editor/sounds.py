"""Sounds and mixes for the canvas: decoded sound and peaks on disk, as ingest makes them."""

from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from core.audio.arrangement import Arrangement, arrange
from core.audio.decode import BLOCK_SAMPLES
from core.audio.peaks import PeakWriter
from core.audio.recipe import Clip, Recipe
from core.library.model import Asset, PcmInfo
from desktop.editor.sounds import SoundFiles
from tests.desktop.fakes import asset_like


def write_sound(folder: Path, key: str, samples: np.ndarray, rate: int = 48_000) -> SoundFiles:
    """Write decoded sound and its peaks."""
    folder.mkdir(parents=True, exist_ok=True)
    pcm, peaks = folder / f"{key}.pcm", folder / f"{key}.peaks"
    pcm.write_bytes(np.ascontiguousarray(samples.T, np.float32).tobytes())
    with PeakWriter(peaks) as writer:
        for start in range(0, samples.shape[1], BLOCK_SAMPLES):
            writer.add(samples[:, start : start + BLOCK_SAMPLES])
        info = PcmInfo(
            key=key,
            sample_rate_hz=rate,
            channels=len(samples),
            n_samples=samples.shape[1],
            sample_format="f4",
            peak=writer.peak,
        )
        writer.finish(info)
    return SoundFiles(peaks=peaks, pcm=pcm, info=info)


def asset_of(number: int, title: str, files: SoundFiles) -> Asset:
    """Return the asset of a sound."""
    info = files.info
    asset = asset_like(number, title, duration_s=info.n_samples / info.sample_rate_hz)
    return msgspec.structs.replace(asset, pcm=info)


def clip(asset: Asset, start_s: float = 0, end_s: float | None = None, **more: object) -> Clip:
    """Return a clip; seconds may be floats."""
    exact = {
        name: Fraction(value).limit_denominator(1_000_000) if name.endswith("_s") else value
        for name, value in more.items()
    }
    return Clip(
        asset_id=asset.id,
        start_s=Fraction(start_s).limit_denominator(1_000_000),
        end_s=None if end_s is None else Fraction(end_s).limit_denominator(1_000_000),
        **exact,
    )


def mix_of(assets: list[Asset], clips: list[Clip], **more: object) -> Arrangement:
    """Return where clips lie."""
    return arrange(Recipe(clips=tuple(clips), **more), {asset.id: asset for asset in assets})
