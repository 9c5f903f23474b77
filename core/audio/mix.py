"""Mix stage: a recipe and the PCM caches of its assets become blocks of sound.

In: a recipe, its assets, the library's paths. Out: float32 (channels, n) blocks at the recipe's
rate and channels. Bounded memory; deterministic: the same recipe gives the same samples, however
the blocks fall. What is heard, rendered and analysed all comes from here.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.arrangement import ClipSpan, PlacedClip, arrange, asset_of
from core.audio.channels import mix_matrix
from core.audio.pcm import PcmReader, open_pcm
from core.audio.recipe import Recipe
from core.library.model import Asset
from core.paths import LibraryPaths
from core.units import Audio

BLOCK_SAMPLES = 1 << 16
RESAMPLER_QUALITY = "HQ"


def mix_blocks(recipe: Recipe, assets: Mapping[str, Asset], paths: LibraryPaths) -> Iterator[Audio]:
    """Yield the mix of a recipe.

    Parameters
    ----------
    recipe : Recipe
        Its clips follow each other.
    assets : mapping of str to Asset
        Every asset that the recipe names, by id; their PCM caches exist.
    paths : LibraryPaths
        Where the caches lie.

    Yields
    ------
    Audio
        float32 (recipe.channels, n), n = BLOCK_SAMPLES but for the last; nominal [-1, 1], more
        where a lossy source goes over.

    Raises
    ------
    UsageError, NotFoundError, LibraryError
        A clip is empty, its asset unknown, its PCM cache missing.
    """
    arrange(recipe, assets)  # every fault of the recipe before the first block
    yield from reblock(_clips(recipe, assets, paths), BLOCK_SAMPLES)


def _clips(recipe: Recipe, assets: Mapping[str, Asset], paths: LibraryPaths) -> Iterator[Audio]:
    for placed in arrange(recipe, assets).clips:
        asset = asset_of(placed.clip, assets)
        reader = open_pcm(paths.pcm(asset.pcm.key), asset.pcm)
        yield from _exactly(_clip_blocks(reader, placed, asset, recipe), placed.n_samples)


def _clip_blocks(
    reader: PcmReader, placed: PlacedClip, asset: Asset, recipe: Recipe
) -> Iterator[Audio]:
    layout = asset.probe.streams[asset.probe.audio_stream].layout
    matrix = mix_matrix(layout, reader.channels, recipe.channels)
    # The resampler is the dear part: it gets the fewer channels of the two.
    first = matrix is not None and recipe.channels < reader.channels
    blocks = _source_blocks(reader, placed.source)
    blocks = _mapped(blocks, matrix) if matrix is not None and first else blocks
    blocks = _resampled(blocks, reader.sample_rate_hz, recipe.sample_rate_hz)
    yield from _mapped(blocks, matrix) if matrix is not None and not first else blocks


def _source_blocks(reader: PcmReader, span: ClipSpan) -> Iterator[Audio]:
    for at in range(span.start, span.stop, BLOCK_SAMPLES):
        yield reader.read(at, min(at + BLOCK_SAMPLES, span.stop))


def _mapped(blocks: Iterable[Audio], matrix: NDArray[np.float32]) -> Iterator[Audio]:
    for block in blocks:
        # Channel by channel: a matrix product may round differently from machine to machine.
        out = np.zeros((matrix.shape[0], block.shape[1]), np.float32)
        for target, gains in zip(out, matrix, strict=True):
            for source, gain in zip(block, gains, strict=True):
                if gain:
                    target += source * gain
        yield out


def _resampled(blocks: Iterable[Audio], rate_in: int, rate_out: int) -> Iterator[Audio]:
    if rate_in == rate_out:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    channels = 0
    for block in blocks:
        if stream is None:
            channels = block.shape[0]
            stream = soxr.ResampleStream(
                rate_in, rate_out, channels, dtype="float32", quality=RESAMPLER_QUALITY
            )
        yield _planar(stream.resample_chunk(np.ascontiguousarray(block.T)))
    if stream is not None:
        yield _planar(stream.resample_chunk(np.empty((0, channels), np.float32), last=True))


def _planar(interleaved: NDArray[np.float32]) -> Audio:
    return np.ascontiguousarray(interleaved.T)


def _exactly(blocks: Iterable[Audio], n: int) -> Iterator[Audio]:
    """Cut or pad with silence to `n` samples: the resampler's tail is a sample long or short."""
    left, channels = n, 0
    for block in blocks:
        channels = block.shape[0]
        piece = block[:, :left]
        left -= piece.shape[1]
        if piece.shape[1]:
            yield piece
    if left:
        yield np.zeros((channels, left), np.float32)


def reblock(blocks: Iterable[Audio], size: int) -> Iterator[Audio]:
    """Yield the same samples in blocks of `size`; the last is what is left."""
    parts: list[Audio] = []
    fill = 0
    for block in blocks:
        start = 0
        while start < block.shape[1]:
            part = block[:, start : start + size - fill]
            parts.append(part)
            start += part.shape[1]
            fill += part.shape[1]
            if fill == size:
                yield _joined(parts)
                parts, fill = [], 0
    if parts:
        yield _joined(parts)


def _joined(parts: list[Audio]) -> Audio:
    return np.ascontiguousarray(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))
