"""Markers to clips: a recording cut up where its markers lie. Pure; no I/O."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from core.audio.exchange.text import ExchangeError
from core.audio.recipe import MIN_CLIP_S, Clip, Marker
from core.units import time_text


def clips_from_markers(
    markers: Iterable[Marker], duration_s: Fraction, asset_id: str
) -> tuple[Clip, ...]:
    """Return clips of an asset, one after the other, as its markers say.

    Stretches become clips, in order, and what lies outside them is left out; with points only,
    the whole asset is split at them. A point inside a stretch splits it. Nothing shorter than a
    clip may be is cut off: such a split is not made, such a stretch left out.

    Parameters
    ----------
    markers : iterable of Marker
        In seconds of the asset.
    duration_s : Fraction
        Of the asset.
    asset_id : str

    Returns
    -------
    tuple of Clip
        At least one; named after the markers.

    Raises
    ------
    ExchangeError
        No marker lies inside the asset.
    """
    ordered = sorted(markers, key=lambda one: one.time_s)
    points = [one for one in ordered if one.end_s is None and one.time_s < duration_s]
    stretches = [
        (one, min(one.end_s, duration_s))
        for one in ordered
        if one.end_s is not None and min(one.end_s, duration_s) - one.time_s >= MIN_CLIP_S
    ]
    if not points and not stretches:
        raise ExchangeError(
            f"None of the markers lies inside this sound, which lasts "
            f"{time_text(float(duration_s))}.",
            hint="They may belong to another file.",
        )
    if not stretches:
        stretches = [(Marker(time_s=Fraction(0)), duration_s)]
    return tuple(clip for one, end_s in stretches for clip in _pieces(one, end_s, points, asset_id))


def _pieces(
    stretch: Marker, end_s: Fraction, points: Sequence[Marker], asset_id: str
) -> Iterable[Clip]:
    """Yield a stretch in pieces, split at the points inside it."""
    start_s, name = stretch.time_s, stretch.name
    for point in points:
        if 0 <= point.time_s - start_s < MIN_CLIP_S:
            name = name or point.name
            continue
        if point.time_s < start_s or end_s - point.time_s < MIN_CLIP_S:
            continue
        yield Clip(asset_id=asset_id, start_s=start_s, end_s=point.time_s, name=name)
        start_s, name = point.time_s, point.name
    yield Clip(asset_id=asset_id, start_s=start_s, end_s=end_s, name=name)
