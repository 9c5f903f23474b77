"""Every gesture on the canvas asks for what it should, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication

from core.audio.recipe import Marker
from desktop.editor.drops import asset_mime
from desktop.editor.hit import Grip, gain_to_height
from desktop.editor.requests import (
    MoveClip,
    Place,
    SelectClips,
    SelectMode,
    SelectTime,
    SetFade,
    SetGain,
    Side,
    Snap,
    Trim,
)
from desktop.editor.state import HEAD_PX, View
from tests.desktop.editor.conftest import settle

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton
REQUESTS = (
    *("seek_requested", "scrub_requested", "scrub_ended", "selection_requested"),
    *("time_selection_requested", "trim_requested", "fade_requested", "gain_requested"),
    *("move_requested", "split_requested", "marker_moved", "marker_rename_requested"),
    *("output_range_requested", "drop_requested", "context_menu_requested"),
    *("gesture_ended", "gesture_cancelled"),
)


class Log:
    """Everything a canvas asked for, in order."""

    def __init__(self, canvas):
        self.all: list[tuple[str, object]] = []
        for name in REQUESTS:
            getattr(canvas, name).connect(
                lambda *values, name=name: self.all.append((name, values[0] if values else None))
            )

    def names(self):
        return [name for name, _ in self.all]

    def of(self, name):
        return [value for found, value in self.all if found == name]


@pytest.fixture
def log(canvas):
    return Log(canvas)


def x_of(canvas, time_s):
    return canvas.viewport.x_of(time_s)


def mouse(widget, kind, x, y, modifiers=NONE, button=LEFT):
    at = QPointF(x, y)
    held = button if kind is not QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, at, QPointF(widget.mapToGlobal(at)), button, held, modifiers)
    QApplication.sendEvent(widget, event)


def press(widget, x, y, modifiers=NONE):
    mouse(widget, QEvent.Type.MouseButtonPress, x, y, modifiers)


def move(widget, x, y, modifiers=NONE):
    mouse(widget, QEvent.Type.MouseMove, x, y, modifiers)


def release(widget, x, y, modifiers=NONE):
    mouse(widget, QEvent.Type.MouseButtonRelease, x, y, modifiers)


def click(widget, x, y, modifiers=NONE):
    press(widget, x, y, modifiers)
    release(widget, x, y, modifiers)


def drag(widget, start, *stops, modifiers=NONE):
    press(widget, *start, modifiers)
    for stop in stops:
        move(widget, *stop, modifiers)
    release(widget, *stops[-1], modifiers)


def double_click(widget, x, y):
    click(widget, x, y)
    mouse(widget, QEvent.Type.MouseButtonDblClick, x, y)
    release(widget, x, y)


def wheel(widget, x, *, angle=(0, 0), pixels=(0, 0), modifiers=NONE):
    at = QPointF(x, 60)
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at)),
        QPoint(*pixels),
        QPoint(*angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


# --- what is where ----------------------------------------------------------------------------


def test_everything_that_can_be_held_is_found_where_it_is_drawn(canvas):
    canvas.set_selection([0])
    area, height = canvas.area, canvas.area.height()
    middle = HEAD_PX + (height - HEAD_PX) * (1 - gain_to_height(1.0))

    def grip(time_s, y, shift_px=0.0):
        hit = area.hit_at(QPointF(x_of(canvas, time_s) + shift_px, y))
        return hit.grip, hit.index, hit.side

    assert grip(5, 8) == (Grip.HEAD, 0, None)
    assert grip(5, 60) == (Grip.BODY, 0, None)
    assert grip(5, middle) == (Grip.GAIN, 0, None)
    assert grip(15, middle) == (Grip.BODY, 1, None), "only chosen clips offer their gain line"
    assert grip(2, HEAD_PX + 2) == (Grip.FADE, 0, Side.START)
    assert grip(27, HEAD_PX + 2) == (Grip.FADE, 2, Side.END)
    assert grip(30, 80, -2) == (Grip.EDGE, 2, Side.END)
    assert grip(22, 80, 2) == (Grip.EDGE, 2, Side.START)
    assert grip(10, 80, -2) == (Grip.EDGE, 0, Side.END)
    assert grip(21, 80) == (Grip.NOTHING, None, None)


def test_the_pointer_shows_what_it_would_hold(canvas):
    shapes = {
        (5, 8): Qt.CursorShape.OpenHandCursor,
        (30 - 0.05, 80): Qt.CursorShape.SizeHorCursor,
        (15, 60): Qt.CursorShape.ArrowCursor,
    }
    for (time_s, y), shape in shapes.items():
        move(canvas.area, x_of(canvas, time_s), y)
        assert canvas.area.cursor().shape() is shape


# --- clicks -----------------------------------------------------------------------------------


def test_a_click_on_a_clip_chooses_it_and_goes_there(canvas, log):
    click(canvas.area, x_of(canvas, 13), 60)
    assert log.names() == ["selection_requested", "seek_requested"]
    assert log.of("selection_requested") == [SelectClips(indices=(1,))]
    assert log.of("seek_requested")[0] == pytest.approx(13)


def test_control_and_shift_choose_more(canvas, log):
    click(canvas.area, x_of(canvas, 13), 60, CTRL)
    click(canvas.area, x_of(canvas, 25), 60, SHIFT)
    assert log.of("selection_requested") == [
        SelectClips(indices=(1,), mode=SelectMode.TOGGLE),
        SelectClips(indices=(2,), mode=SelectMode.EXTEND),
    ]
    assert not log.of("seek_requested")


def test_a_click_beside_all_clips_chooses_none(canvas, log):
    canvas.set_time_selection((3, 4))
    click(canvas.area, x_of(canvas, 21), 60)
    assert log.of("selection_requested") == [SelectClips(indices=())]
    assert log.of("time_selection_requested")[0].start_s is None


def test_alt_and_a_click_split(canvas, log):
    click(canvas.area, x_of(canvas, 13), 60, ALT)
    assert log.names() == ["split_requested"]
    assert log.of("split_requested")[0] == pytest.approx(13)


def test_a_double_click_chooses_the_stretch_of_a_clip(canvas, log):
    double_click(canvas.area, x_of(canvas, 13), 60)
    stretch = log.of("time_selection_requested")[-1]
    assert (stretch.start_s, stretch.end_s) == (10, 20)
    assert log.all[-1] == ("gesture_ended", stretch.gesture_id)


# --- drags ------------------------------------------------------------------------------------


def one_gesture(log, name, kind):
    """Return the requests of the one drag that was made; all carry its number."""
    values = log.of(name)
    assert values
    assert all(isinstance(value, kind) for value in values)
    assert {value.gesture_id for value in values} == {log.of("gesture_ended")[-1]}
    assert log.all[-1][0] == "gesture_ended"
    log.all.clear()
    return values


def test_dragging_an_edge_trims(canvas, log):
    y, x = 80, x_of(canvas, 30) - 2
    drag(canvas.area, (x, y), (x - 30, y), (x_of(canvas, 27) - 2, y))
    last = one_gesture(log, "trim_requested", Trim)[-1]
    assert (last.index, last.side, last.ripple) == (2, Side.END, False)
    assert last.mix_s == pytest.approx(27)
    drag(canvas.area, (x_of(canvas, 22) + 2, y), (x_of(canvas, 24) + 2, y), modifiers=SHIFT)
    last = one_gesture(log, "trim_requested", Trim)[-1]
    assert (last.index, last.side, last.ripple) == (2, Side.START, True)
    assert last.mix_s == pytest.approx(24)


def test_dragging_a_knob_fades(canvas, log):
    y = HEAD_PX + 2
    drag(canvas.area, (x_of(canvas, 2), y), (x_of(canvas, 4), y + 40))
    last = one_gesture(log, "fade_requested", SetFade)[-1]
    assert (last.index, last.side) == (0, Side.START)
    assert last.length_s == pytest.approx(4)
    drag(canvas.area, (x_of(canvas, 27), y), (x_of(canvas, 60), y))
    last = one_gesture(log, "fade_requested", SetFade)[-1]
    assert (last.index, last.side, last.length_s) == (2, Side.END, 0)


def test_dragging_the_line_sets_the_gain_and_catches_on_nought(canvas, log):
    canvas.set_selection([1])
    body = canvas.area.height() - HEAD_PX
    x, y = x_of(canvas, 15), HEAD_PX + body / 2
    drag(canvas.area, (x, y), (x, y - body / 4))
    values = one_gesture(log, "gain_requested", SetGain)
    assert values[-1].gain == pytest.approx(4 * 0.75**2)
    drag(canvas.area, (x, y), (x, y + 20), (x, y + body))
    assert log.of("gain_requested")[-1].gain == 0
    drag(canvas.area, (x, y), (x, y + 20), (x, y + 1))
    assert log.of("gain_requested")[-1].gain == 1.0
    double_click(canvas.area, x, y)
    assert log.of("gain_requested")[-1].gain == 1.0


def test_dragging_the_title_moves(canvas, log):
    drag(canvas.area, (x_of(canvas, 25), 8), (x_of(canvas, 26), 8), (x_of(canvas, 21), 8))
    last = one_gesture(log, "move_requested", MoveClip)[-1]
    assert last.index == last.to_index == 2
    assert last.start_s == pytest.approx(18)


def test_dragging_past_a_neighbour_asks_for_its_place(canvas, log):
    drag(canvas.area, (x_of(canvas, 25), 8), (x_of(canvas, 12), 8))
    assert log.of("move_requested")[-1].to_index == 1
    drag(canvas.area, (x_of(canvas, 25), 8), (x_of(canvas, 1), 8))
    last = log.of("move_requested")[-1]
    assert (last.to_index, last.start_s) == (0, 0)


def test_alt_and_a_drag_on_the_wave_move_too(canvas, log):
    drag(canvas.area, (x_of(canvas, 25), 60), (x_of(canvas, 26), 60), modifiers=ALT)
    assert log.of("move_requested")[-1].start_s == pytest.approx(23)


def test_dragging_on_the_wave_chooses_a_stretch_in_either_direction(canvas, log):
    drag(canvas.area, (x_of(canvas, 8), 60), (x_of(canvas, 7), 60), (x_of(canvas, 3), 90))
    last = one_gesture(log, "time_selection_requested", SelectTime)[-1]
    assert (last.start_s, last.end_s) == pytest.approx((3, 8))


def test_a_small_tremor_is_a_click(canvas, log):
    x = x_of(canvas, 13)
    drag(canvas.area, (x, 60), (x + 2, 61))
    assert "time_selection_requested" not in log.names()


def test_requests_speak_of_the_mix_as_it_was_when_the_drag_began(canvas, log):
    area = canvas.area
    before = area._state.arrangement
    press(area, x_of(canvas, 25), 8)
    move(area, x_of(canvas, 20), 8)
    canvas.set_arrangement(before, titles=("c", "a", "b"), hues=("teal",) * 3)
    canvas.set_selection([0])
    move(area, x_of(canvas, 19), 8)
    release(area, x_of(canvas, 19), 8)
    assert {value.index for value in log.of("move_requested")} == {2}
    assert log.of("move_requested")[-1].start_s == pytest.approx(16)


def test_escape_takes_a_drag_back(qtbot, canvas, log):
    area = canvas.area
    press(area, x_of(canvas, 25), 8)
    move(area, x_of(canvas, 20), 8)
    assert canvas.dragging
    qtbot.keyClick(area, Qt.Key.Key_Escape)
    assert not canvas.dragging
    assert log.all[-1] == ("gesture_cancelled", log.of("move_requested")[0].gesture_id)
    release(area, x_of(canvas, 20), 8)
    assert "gesture_ended" not in log.names()


def test_drags_snap_where_the_panel_says_but_not_with_control(canvas, log):
    asked = []

    def snap(time_s, tolerance_s):
        asked.append(tolerance_s)
        return Snap(time_s=12.5, kind="marker") if abs(time_s - 12.5) < tolerance_s else None

    canvas.set_snap(snap)
    x = x_of(canvas, 12.5)
    drag(canvas.area, (x_of(canvas, 10) - 2, 80), (x + 2, 80))
    assert log.of("trim_requested")[-1].mix_s == 12.5
    drag(canvas.area, (x_of(canvas, 10) - 2, 80), (x + 2, 80), modifiers=CTRL)
    assert log.of("trim_requested")[-1].mix_s != 12.5
    assert asked[0] == pytest.approx(8 / canvas.viewport.px_per_s)


def test_a_moved_clip_snaps_with_either_end(canvas, log):
    canvas.set_snap(
        lambda time_s, tolerance_s: Snap(time_s=20.0) if abs(time_s - 20) < tolerance_s else None
    )
    drag(canvas.area, (x_of(canvas, 25), 8), (x_of(canvas, 23) + 3, 8))
    assert log.of("move_requested")[-1].start_s == 20
    drag(canvas.area, (x_of(canvas, 25), 8), (x_of(canvas, 15) + 3, 8))
    assert log.of("move_requested")[-1].start_s == pytest.approx(12)


# --- the view ---------------------------------------------------------------------------------


def test_the_wheel_zooms_around_the_pointer(qtbot, canvas):
    canvas.zoom_to(5, 15)
    held_s = canvas.viewport.time_at(700)
    with qtbot.waitSignal(canvas.view_changed):
        wheel(canvas.area, 700, angle=(0, 360))
    assert canvas.viewport.length_s < 10
    assert x_of(canvas, held_s) == pytest.approx(700, abs=0.01)
    wheel(canvas.area, 700, angle=(0, -360), modifiers=CTRL)
    assert canvas.viewport.length_s == pytest.approx(10)


@pytest.mark.parametrize(
    "turn",
    [{"angle": (0, -120), "modifiers": SHIFT}, {"angle": (-120, 0)}, {"pixels": (-120, 3)}],
    ids=["shift", "sideways", "touchpad"],
)
def test_shift_and_sideways_pan(canvas, turn):
    canvas.zoom_to(5, 15)
    length_s = canvas.viewport.length_s
    wheel(canvas.area, 700, **turn)
    assert canvas.viewport.start_s == pytest.approx(6.2, abs=0.1)
    assert canvas.viewport.length_s == length_s


def test_a_pinch_zooms(canvas):
    canvas.zoom_to(5, 15)
    at = QPointF(400, 60)
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        at,
        at,
        QPointF(canvas.area.mapToGlobal(at)),
        0.25,
        QPointF(),
    )
    QApplication.sendEvent(canvas.area, pinch)
    assert canvas.viewport.length_s == pytest.approx(8)


def test_the_view_follows_the_playhead_but_not_while_something_is_held(canvas):
    canvas.zoom_to(0, 5)
    canvas.set_playhead(6)
    assert canvas.viewport.start_s > 5
    canvas.zoom_to(0, 5)
    press(canvas.area, x_of(canvas, 2), 60)
    move(canvas.area, x_of(canvas, 3), 60)
    canvas.set_playhead(8)
    assert canvas.viewport.start_s == 0


def test_whoever_scrolled_away_is_left_alone_until_the_playhead_is_brought_back(canvas):
    canvas.set_playhead(2)
    canvas.zoom_to(10, 15)
    start_s = canvas.viewport.start_s
    canvas.set_playhead(2.1)
    assert canvas.viewport.start_s == start_s
    canvas.reveal(2.1, 2.1)
    canvas.set_playhead(2.2)
    assert 0 <= x_of(canvas, 2.2) <= canvas.width()


def test_the_minimap_moves_and_sizes_what_is_shown(canvas):
    canvas.zoom_to(10, 16)
    minimap, frame = canvas.minimap, canvas.minimap.frame()
    middle = frame.center().x()
    drag(minimap, (middle, 10), (middle + 100, 10))
    assert canvas.minimap.frame().center().x() == pytest.approx(middle + 100, abs=1)
    assert canvas.viewport.length_s == pytest.approx(6)
    right = canvas.minimap.frame().right()
    drag(minimap, (right, 10), (right - 60, 10))
    assert canvas.viewport.length_s < 5
    click(minimap, 100, 10)
    assert canvas.minimap.frame().center().x() == pytest.approx(100, abs=1)
    double_click(minimap, 100, 10)
    assert canvas.viewport.whole


# --- the ruler --------------------------------------------------------------------------------


def test_the_ruler_seeks_and_scrubs(canvas, log):
    drag(canvas.ruler, (x_of(canvas, 4), 20), (x_of(canvas, 5), 20), (x_of(canvas, 7), 20))
    assert log.names() == ["seek_requested", *["scrub_requested"] * 2, "scrub_ended"]
    assert log.of("scrub_requested")[-1] == pytest.approx(7)


def test_markers_are_dragged_renamed_and_gone_to(canvas, log):
    canvas.set_markers([Marker(time_s=4, name="Voice"), Marker(time_s=12, name="Drop")])
    x = x_of(canvas, 12) + 4
    drag(canvas.ruler, (x, 6), (x + 40, 6))
    moved = log.of("marker_moved")[-1]
    assert moved.index == 1
    assert moved.time_s == pytest.approx(canvas.viewport.time_at(x + 40), abs=0.2)
    assert log.of("gesture_ended") == [moved.gesture_id]
    click(canvas.ruler, x_of(canvas, 4) + 3, 6)
    assert log.of("seek_requested")[-1] == 4
    mouse(canvas.ruler, QEvent.Type.MouseButtonDblClick, x, 6)
    assert log.of("marker_rename_requested") == [1]


def test_the_rendered_stretch_is_sized_on_the_ruler(canvas, log):
    canvas.set_output_range((5.0, 20.0))
    drag(canvas.ruler, (x_of(canvas, 20), 22), (x_of(canvas, 25), 22))
    last = log.of("output_range_requested")[-1]
    assert (last.start_s, last.end_s) == pytest.approx((5, 25))


# --- menus and drops --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time_s", "y", "place", "index", "side"),
    [
        (15, 60, Place.CLIP, 1, None),
        (21, 60, Place.GAP, None, None),
        (2, HEAD_PX + 2, Place.FADE, 0, Side.START),
        (6, 60, Place.TIME_SELECTION, 0, None),
    ],
)
def test_a_menu_is_asked_for_where_the_pointer_is(canvas, log, time_s, y, place, index, side):
    canvas.set_time_selection((5.0, 7.0))
    at = QPoint(round(x_of(canvas, time_s)), y)
    reason = QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, at, canvas.area.mapToGlobal(at))
    QApplication.sendEvent(canvas.area, event)
    menu = log.of("context_menu_requested")[0]
    assert (menu.place, menu.index, menu.side) == (place, index, side)
    assert menu.time_s == pytest.approx(time_s, abs=0.05)


@pytest.mark.parametrize(("time_s", "before"), [(1, 0), (8, 1), (28, 3)])
def test_assets_are_dropped_between_clips(canvas, log, time_s, before):
    mime = asset_mime(["asset-0007"])
    at = QPointF(round(x_of(canvas, time_s)), 60)
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(at, copy, mime, LEFT, NONE)
    QApplication.sendEvent(canvas.area, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(canvas.area, QDropEvent(at, copy, mime, LEFT, NONE))
    drop = log.of("drop_requested")[0]
    assert (drop.texts, drop.before) == (("asset-0007",), before)
    assert drop.time_s == pytest.approx(time_s, abs=0.05)


def test_what_is_no_sound_is_not_taken(canvas):
    mime = QMimeData()
    mime.setData("application/x-else", b"1")
    enter = QDragEnterEvent(QPointF(100, 60), Qt.DropAction.CopyAction, mime, LEFT, NONE)
    enter.ignore()
    QApplication.sendEvent(canvas.area, enter)
    assert not enter.isAccepted()


# --- pictures ---------------------------------------------------------------------------------


def body_pixel(canvas, time_s, y=70):
    image = canvas.area.grab().toImage()
    return image.pixelColor(round(x_of(canvas, time_s) * image.devicePixelRatio()), y)


def test_gaps_are_empty_and_clips_are_not(qtbot, canvas):
    settle(qtbot, canvas)
    from desktop import theme

    assert body_pixel(canvas, 21) == theme.color("bg0")
    assert body_pixel(canvas, 30.4) == theme.color("bg0")
    assert body_pixel(canvas, 15) != theme.color("bg0")


def test_what_is_not_rendered_is_dim(qtbot, canvas):
    settle(qtbot, canvas)
    bright = body_pixel(canvas, 15, 90).lightnessF()
    canvas.set_output_range((0.0, 12.0))
    assert body_pixel(canvas, 15, 90).lightnessF() < bright


def test_the_playhead_alone_does_not_draw_the_clips_again(qtbot, canvas):
    settle(qtbot, canvas)
    area = canvas.area
    before = area.picture.of(area.size(), 1.0).cacheKey()
    canvas.set_playhead(12.0)
    canvas.set_time_selection((1.0, 2.0))
    assert area.picture.of(area.size(), 1.0).cacheKey() == before
    canvas.set_selection([1])
    assert area.picture.of(area.size(), 1.0).cacheKey() != before


@pytest.mark.parametrize("view", list(View))
def test_every_zoom_is_painted_in_both_views(qtbot, canvas, view):
    canvas.set_view(view)
    canvas.zoom_to_fit()
    while canvas.viewport.px_per_sample < 16:
        settle(qtbot, canvas)
        canvas.grab()
        canvas.viewport.zoom(6, 420)
        canvas.refresh()
    settle(qtbot, canvas)
    assert not canvas.grab().isNull()


def test_an_empty_mix_is_painted(make_canvas, qtbot):
    canvas = make_canvas()
    from desktop.editor.state import EMPTY

    canvas.set_arrangement(EMPTY, titles=(), hues=())
    canvas.set_view(View.SPECTROGRAM)
    click(canvas.area, 300, 60)
    assert not canvas.grab().isNull()


def test_the_first_paint_loads_no_numpy():
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication(['cymatic'])\n"
        "from desktop import theme\n"
        "theme.apply(app)\n"
        "from desktop.editor.canvas import EditorCanvas\n"
        "from desktop.tasks import Background\n"
        "canvas = EditorCanvas(Background(app))\n"
        "canvas.grab()\n"
        "sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_tool_tips_say_exact_values(canvas):
    from desktop.editor.readouts import hit_words

    state = canvas.area._state
    canvas.set_selection([0])
    words = hit_words(state, canvas.area.hit_at(QPointF(x_of(canvas, 15), 60)))
    assert "Verse" in words
    assert "0:10.000 – 0:20.000" in words
    fade = hit_words(state, canvas.area.hit_at(QPointF(x_of(canvas, 27), HEAD_PX + 2)))
    assert fade == "Fade out: 3.000 s, equal power"
