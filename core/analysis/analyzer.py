"""The analyser: one pass over the sound, then every column scaled and written one at a time.

In: prepared audio (or any `AudioSource`). Out: a features file and its header. The same input
gives the same bytes. Memory does not grow with the track but for a few columns of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.analysis import onsets, scale
from core.analysis.bands import BAND_NAMES, N_LOW_BANDS
from core.analysis.beatgrid import BeatGrid
from core.analysis.beats import track_beats
from core.analysis.features import HOP_S, Events, FeatureHeader, write_features
from core.analysis.meter import (
    ALL_FLUX,
    CENTROID,
    FLATNESS,
    FLUX,
    LOW_ONSET_S,
    MID,
    N_BANDS,
    POWER,
    SHORT_S,
    TOTAL,
    Survey,
    survey,
)
from core.analysis.source import AudioSource
from core.audio.aside import Aside
from core.audio.loudness import measure_loudness
from core.audio.prepared import PreparedReader
from core.library.model import Loudness
from core.units import Audio

SURVEY_SHARE = 0.85
"""How much of the work the pass over the sound is."""
ACTIVE_BAND = 0.1


@dataclass(frozen=True, slots=True)
class Options:
    """What may be left out, for measuring the parts alone."""

    beats: bool = True
    loudness: bool = True


def analyze_file(
    prepared_path: Path,
    out_path: Path,
    *,
    progress: Callable[[float], None] = lambda fraction: None,
) -> FeatureHeader:
    """Measure a prepared file and write its features.

    Parameters
    ----------
    prepared_path : a mixdown, or any file that `PreparedReader` opens.
    out_path : the features file; it appears whole or not at all.
    progress : called with 0 to 1; may raise to stop, then nothing is left behind.

    Raises
    ------
    MediaError when the file cannot be read.
    """
    return analyze_source(PreparedReader(prepared_path), out_path, progress=progress)


def analyze_source(
    source: AudioSource,
    out_path: Path,
    *,
    progress: Callable[[float], None] = lambda fraction: None,
    options: Options | None = None,
) -> FeatureHeader:
    """Measure any source and write its features; see `analyze_file`."""
    options = options or Options()
    with _measuring_loudness(source) as meter:

        def on_block(block: Audio, fraction: float) -> None:
            if options.loudness:
                meter.put(block)
            progress(SURVEY_SHARE * fraction)

        measured = survey(source, hop_s=HOP_S, scratch=out_path.parent, on_block=on_block)
        loudness = meter.finish()
    duration_s = source.n_samples / source.sample_rate_hz
    overall = overall_flux(measured)
    events = find_events(measured, overall)
    progress(0.9)
    beats = BeatGrid(duration_s=duration_s)
    if options.beats:
        beats = track_beats(overall.clean, overall.low, events["onset"], duration_s=duration_s)
    progress(0.95)
    header = FeatureHeader(
        n_hops=measured.n_hops,
        duration_s=duration_s,
        sample_rate_hz=source.sample_rate_hz,
        beats=beats,
        tempo_bpm=beats.tempo_bpm,
        loudness_lufs=loudness.integrated_lufs,
        true_peak_dbtp=loudness.true_peak_dbtp,
        events={kind: len(rows) for kind, rows in events.items()},
    )
    write_features(out_path, header, scaled_columns(measured, events), events=events)
    progress(1.0)
    return header


def _measuring_loudness(source: AudioSource) -> Aside[Audio, Loudness]:
    return Aside(lambda blocks: measure_loudness(blocks, source.sample_rate_hz, source.channels))


@dataclass(frozen=True, slots=True)
class OverallFlux:
    """Flux of all bands, each counted by how strong it usually is; with and without ripple."""

    clean: scale.Column
    rippled: scale.Column
    low: scale.Column
    """Of the low bands alone, where bars show themselves."""


def overall_flux(measured: Survey) -> OverallFlux:
    """Return the overall flux; bands are taken one at a time."""
    usual = np.zeros(N_BANDS)
    for band in range(N_BANDS):
        clean = measured.band_flux(band)
        usual[band] = np.sqrt(np.einsum("i,i->", clean, clean, dtype=np.float64) / len(clean))
    weights = 1 / np.maximum(usual, max(ACTIVE_BAND * usual.max(), 1e-9)) / N_BANDS
    columns = [np.zeros(measured.n_hops, np.float32) for _ in range(3)]
    for band in range(N_BANDS):
        clean, weight = measured.band_flux(band), np.float32(weights[band])
        if band < N_LOW_BANDS:
            columns[2] += clean
        clean *= weight
        columns[0] += clean
        columns[1] += measured.raw[FLUX + band] * weight
    return OverallFlux(*columns)


def find_events(measured: Survey, overall: OverallFlux) -> dict[str, Events]:
    """Return the onsets of the whole and of each band, by the name of their column."""

    def found(flux: scale.Column, rippled: scale.Column, top: float, reach_s: float) -> Events:
        rows, strengths = onsets.pick(flux, rippled, strongest_band=top)
        return onsets.place(measured, rows, strengths, hop_s=HOP_S, reach_s=reach_s)

    top = max(onsets.strong(measured.band_flux(band)) for band in range(N_BANDS))
    events = {"onset": found(overall.clean, overall.rippled, 0.0, SHORT_S)}
    for band, name in enumerate(BAND_NAMES):
        reach_s = LOW_ONSET_S * 0.6 if band < N_LOW_BANDS else SHORT_S * 0.75
        rippled = np.asarray(measured.raw[FLUX + band])
        events[f"{name}.onset"] = found(measured.band_flux(band), rippled, top, reach_s)
    return events


def scaled_columns(measured: Survey, events: dict[str, Events]) -> Iterator[scale.Column]:
    """Yield every column of the features file in order, one at a time."""
    raw = measured.raw
    total = scale.smoothed(raw[TOTAL])
    levels = scale.LevelScale(total)

    def onset(kind: str) -> scale.Column:
        return onsets.impulses(events[kind], n_hops=measured.n_hops, hop_s=HOP_S)

    for index, name in enumerate(BAND_NAMES):
        power = raw[POWER + index]
        level = levels.level(power if index < N_LOW_BANDS else scale.smoothed(power))
        yield level
        yield scale.envelope(level, hop_s=HOP_S)
        yield onset(f"{name}.onset")
    yield np.minimum(np.sqrt(raw[TOTAL]), np.float32(1))
    yield levels.level(total)
    yield np.asarray(raw[CENTROID])
    yield np.asarray(raw[FLATNESS])
    yield scale.relative_flux(np.asarray(raw[ALL_FLUX]))
    yield scale.width(scale.smoothed(raw[MID]), total)
    yield onset("onset")
