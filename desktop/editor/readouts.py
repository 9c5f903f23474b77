"""Values in words, beside the pointer and in tool tips.

In: requests, hits. Out: short texts.
"""

from desktop.editor.gestures import Drag, Request
from desktop.editor.hit import Grip, Hit
from desktop.editor.painting import gain_words
from desktop.editor.requests import MoveClip, SelectTime, SetFade, SetGain, Side, Trim
from desktop.editor.state import EditorState
from desktop.words import precise_time

SHAPE_WORDS = {
    "linear": "linear",
    "equal-power": "equal power",
    "s-curve": "S curve",
    "log": "logarithmic",
}


def request_words(state: EditorState, drag: Drag, request: Request) -> str:
    """Return what is shown beside the pointer during a drag."""
    match request:
        case SetGain():
            return f"{gain_words(request.gain)} · {request.gain:.0%}".replace("%", " %")
        case SetFade():
            name = "Fade in" if request.side is Side.START else "Fade out"
            return f"{name} {seconds_words(request.length_s)}"
        case Trim():
            clip = drag.clip
            if clip is None:
                return precise_time(request.mix_s)
            edge = clip.start if request.side is Side.START else clip.stop
            moved_s = request.mix_s - edge / drag.before.sample_rate_hz
            return f"{precise_time(request.mix_s)} · {signed_words(moved_s)}"
        case MoveClip():
            clip = drag.clip
            start_s = clip.start / drag.before.sample_rate_hz if clip else 0.0
            return f"{precise_time(request.start_s)} · {signed_words(request.start_s - start_s)}"
        case SelectTime() if request.start_s is not None and request.end_s is not None:
            length_s = request.end_s - request.start_s
            return f"{precise_time(request.start_s)} · {seconds_words(length_s)}"
        case _:
            return ""


def hit_words(state: EditorState, hit: Hit) -> str:
    """Return the tool tip of what is under the pointer, with exact values."""
    if hit.index is None or hit.index >= len(state.arrangement.clips):
        return ""
    placed = state.arrangement.clips[hit.index]
    rate = state.arrangement.sample_rate_hz
    match hit.grip:
        case Grip.FADE:
            fades_in = hit.side is Side.START
            length = placed.fade_in if fades_in else placed.fade_out
            shape = placed.fade_in_shape if fades_in else placed.fade_out_shape
            name = "Fade in" if fades_in else "Fade out"
            return f"{name}: {seconds_words(length / rate)}, {SHAPE_WORDS[shape.value]}"
        case Grip.EDGE:
            edge = placed.start if hit.side is Side.START else placed.stop
            name = "Starts" if hit.side is Side.START else "Ends"
            return f"{name} at {precise_time(edge / rate)}\nWith Shift what follows moves along"
        case Grip.GAIN:
            return f"Gain: {gain_words(placed.clip.gain)}\nDouble-click for 0 dB"
        case _:
            start_s, stop_s = state.span_s(placed)
            muted = " · muted" if placed.clip.muted else ""
            return (
                f"{state.title(hit.index)}\n{precise_time(start_s)} – {precise_time(stop_s)} · "
                f"{seconds_words(stop_s - start_s)} · {gain_words(placed.clip.gain)}{muted}"
            )


def seconds_words(seconds: float) -> str:
    """Return a length: 320 ms, 2.500 s, 3:04.120."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"
    return f"{seconds:.3f} s" if seconds < 60 else precise_time(seconds)


def signed_words(seconds: float) -> str:
    """Return how far something moved: +0.250 s, −1.000 s."""
    return f"{seconds:+.3f} s".replace("-", "−")
