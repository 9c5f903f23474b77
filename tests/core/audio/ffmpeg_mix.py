"""FFmpeg's own mix of a recipe, as a peer: a `filter_complex` that does what the recipe says.

In: an arrangement of one source at the mix's rate and channels. Out: the words of the graph.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.recipe import FadeShape

CURVES = {
    FadeShape.LINEAR: "tri",
    FadeShape.EQUAL_POWER: "qsin",
    FadeShape.S_CURVE: "hsin",
    FadeShape.LOG: "log",
}
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg command here")


def clip_chain(clip: PlacedClip) -> str:
    """Return the filters that cut one clip, and give it its gain and fades."""
    words = [
        f"atrim=start_sample={clip.source.start}:end_sample={clip.source.stop}",
        "asetpts=PTS-STARTPTS",
    ]
    if clip.gain != 1:
        words.append(f"volume={clip.gain}:precision=float")
    if clip.fade_in:
        words.append(f"afade=in:ss=0:ns={clip.fade_in}:curve={CURVES[clip.fade_in_shape]}")
    if clip.fade_out:
        start = clip.n_samples - clip.fade_out
        words.append(f"afade=out:ss={start}:ns={clip.fade_out}:curve={CURVES[clip.fade_out_shape]}")
    return ",".join(words)


def concat_graph(arrangement: Arrangement, *, before: str = "anull", after: str = "anull") -> str:
    """Return a graph for clips that touch: cut each, and join them."""
    clips = arrangement.clips
    heads = "".join(f"[s{i}]" for i in range(len(clips)))
    chains = [f"[s{i}]{clip_chain(clip)}[c{i}]" for i, clip in enumerate(clips)]
    joined = "".join(f"[c{i}]" for i in range(len(clips)))
    chains.append(f"{joined}concat=n={len(clips)}:v=0:a=1,{after}[out]")
    return ";".join([f"[0:a]{before},asplit={len(clips)}{heads}", *chains])


def amix_graph(arrangement: Arrangement) -> str:
    """Return a graph for clips anywhere: cut each, move it to its place, and sum them."""
    clips = arrangement.clips
    heads = "".join(f"[s{i}]" for i in range(len(clips)))
    chains = [
        f"[s{i}]{clip_chain(clip)},adelay={clip.start}S:all=1[c{i}]" for i, clip in enumerate(clips)
    ]
    summed = "".join(f"[c{i}]" for i in range(len(clips)))
    chains.append(f"{summed}amix=inputs={len(clips)}:normalize=0:duration=longest[out]")
    return ";".join([f"[0:a]asplit={len(clips)}{heads}", *chains])


def ffmpeg_mix(source: Path, graph: str, to: Path) -> None:
    """Write what FFmpeg makes of a graph, interleaved float32."""
    words = ["ffmpeg", "-v", "error", "-i", source, "-filter_complex", graph]
    target = ["-map", "[out]", "-c:a", "pcm_f32le", "-f", "f32le", "-y", to]
    subprocess.run([*words, *target], check=True)


def samples_of(path: Path, *, channels: int) -> np.ndarray:
    """Return what `ffmpeg_mix` wrote, (channels, n), mapped."""
    return np.memmap(path, "<f4", "r").reshape(-1, channels).T
