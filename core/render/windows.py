"""Where to look when a render is estimated: a quiet, a middling and a loud moment.

In: a plan, the loudness over time. Out: short frame ranges within the plan. Pure.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.render.plan import RenderPlan
from core.render.segments import FrameRange

_PLACES = (0.1, 0.5, 0.95)
"""Quantiles of loudness: quiet, median, loud."""


def probe_windows(plan: RenderPlan, times_s: ArrayLike, levels: ArrayLike) -> list[FrameRange]:
    """Return up to three ranges of half a second, in order, that do not overlap.

    Parameters
    ----------
    plan : RenderPlan
    times_s, levels : float (n,)
        Loudness over time, any unit; nothing outside the plan's range counts. Empty: the ranges
        are spread evenly.
    """
    length = max(1, min(round(plan.picture.fps / 2), plan.n_frames // len(_PLACES)))
    if plan.n_frames <= length * len(_PLACES):
        return [FrameRange(first=plan.first_frame, end=plan.end_frame)]
    starts = _starts(plan, np.asarray(times_s, np.float64), np.asarray(levels, np.float64))
    windows: list[FrameRange] = []
    free_from = plan.first_frame
    for index, start in enumerate(sorted(starts)):
        behind = (len(starts) - index) * length
        first = max(free_from, min(start, plan.end_frame - behind))
        windows.append(FrameRange(first=first, end=first + length))
        free_from = first + length
    return windows


def _starts(
    plan: RenderPlan, times_s: NDArray[np.float64], levels: NDArray[np.float64]
) -> list[int]:
    frames = np.floor(times_s * float(plan.picture.fps)).astype(np.int64)
    inside = (frames >= plan.first_frame) & (frames < plan.end_frame)
    if not inside.any():
        return [plan.first_frame + int(place * plan.n_frames) for place in _PLACES]
    frames, levels = frames[inside], levels[inside]
    order = np.argsort(levels, kind="stable")
    return [int(frames[order[int(place * (len(order) - 1))]]) for place in _PLACES]
