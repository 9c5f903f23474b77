"""Mix stage: a recipe and the PCM caches of its assets become blocks of sound.

In: a recipe, its assets, the library's paths. Out: float32 (channels, n) blocks at the recipe's
rate and channels. Bounded memory; deterministic: the same recipe gives the same samples, however
the blocks fall. What is heard, rendered and analysed all comes from here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock

import numpy as np

from core.audio.arrangement import arrange
from core.audio.mix_lane import Lane, TreatedLane, open_lane, plan_lanes
from core.audio.mix_runs import Sounds
from core.audio.recipe import Recipe
from core.library.model import Asset
from core.paths import LibraryPaths
from core.units import Audio

BLOCK_SAMPLES = 1 << 16
SLICE_SAMPLES = 1 << 13
"""A block is mixed in slices that stay in the processor's cache."""


class Mixer:
    """The mix of one recipe: one engine for playback, export and render.

    A read that goes on where the last one stopped is cheap; anywhere else it seeks, and its samples
    equal those of reading from the start to 1e-6. `read` is safe for one thread at a time; each
    iterator of `blocks` goes on its own.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    paths : LibraryPaths
        Where their PCM caches lie; they are opened when first read.

    Raises
    ------
    UsageError, NotFoundError
        A clip is empty, or its asset unknown.
    """

    def __init__(self, recipe: Recipe, assets: Mapping[str, Asset], paths: LibraryPaths) -> None:
        self.arrangement = arrange(recipe, assets)
        self.sample_rate_hz = recipe.sample_rate_hz
        self.channels = recipe.channels
        self.n_samples = self.arrangement.n_samples
        self._plans = plan_lanes(self.arrangement, recipe.lanes)
        self._assets = assets
        self._sounds = Sounds(paths)
        self._lanes = self._open_lanes()
        self._lock = Lock()

    def blocks(
        self, start: int = 0, stop: int | None = None, size: int = BLOCK_SAMPLES
    ) -> Iterator[Audio]:
        """Yield mix samples [start, stop) in blocks.

        Parameters
        ----------
        start : int
            First sample, 0 or more.
        stop : int, optional
            One past the last; None, or past the end: the end.
        size : int
            Samples in a block, 1 or more; the last is what is left.

        Yields
        ------
        Audio
            float32 (channels, n); nominal [-1, 1], more where a lossy source goes over. Each is
            the reader's own.

        Raises
        ------
        LibraryError
            A PCM cache is missing (code pcm-missing).
        """
        lanes = self._open_lanes()
        end = self.n_samples if stop is None else min(stop, self.n_samples)
        for at in range(start, end, size):
            yield self._block(lanes, at, min(at + size, end))

    def read(self, start: int, stop: int) -> Audio:
        """Return mix samples [start, stop), float32 (channels, n); fewer past the end.

        `start` and `stop` are sample indices, 0 or more. Raises LibraryError as `blocks`.
        """
        with self._lock:
            return self._block(self._lanes, start, min(stop, self.n_samples))

    def close(self) -> None:
        """Let go of all files; a later read opens them again."""
        with self._lock:
            self._lanes = self._open_lanes()
            self._sounds.close()

    def _open_lanes(self) -> list[Lane | TreatedLane]:
        return [
            open_lane(plan, self._assets, self._sounds, channels=self.channels)
            for plan in self._plans
        ]

    def _block(self, lanes: Sequence[Lane | TreatedLane], start: int, stop: int) -> Audio:
        out = np.empty((self.channels, max(stop - start, 0)), np.float32)
        for first in range(0, out.shape[1], SLICE_SAMPLES):
            piece = out[:, first : first + SLICE_SAMPLES]
            lanes[0].read_into(piece, start + first)
            for lane in lanes[1:]:
                other = np.empty_like(piece)
                lane.read_into(other, start + first)
                piece += other
        return out


def mix_blocks(recipe: Recipe, assets: Mapping[str, Asset], paths: LibraryPaths) -> Iterator[Audio]:
    """Yield the mix of a recipe.

    Parameters
    ----------
    recipe : Recipe
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
    yield from Mixer(recipe, assets, paths).blocks()


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
