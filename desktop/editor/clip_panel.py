"""The selected clip, or what several have in common: times, gain, fades, crossfade, mute.

In: the selected clips as they lie in the mix. Out: `ClipEdit`s; nothing is changed here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from core.audio.recipe import FadeShape
from core.errors import UsageError
from desktop.editor.clip_fields import (
    EDIT_TEXTS,
    READERS,
    ClipEdit,
    ClipField,
    ClipValue,
    ClipView,
    FieldValue,
    gesture_of,
    moment_words,
    parse_field,
    percent_words,
    room_s,
)
from desktop.editor.clip_rows import Chip, FadeRow, gain_scale
from desktop.editor.fade_picker import PICKER_PX
from desktop.editor.slider_rows import SliderRow
from desktop.editor.value_edit import ValueEdit
from desktop.widgets import ElidedLabel, Switch, column, empty_state, label, row, tool_button

MOST_MEASURED = 200
"""How many of the selected clips the way of a fade's slider is fitted to."""
TIMES = ((ClipField.START, "Start"), (ClipField.END, "End"), (ClipField.LENGTH, "Length"))
SHAPE_FIELDS = {
    ClipField.FADE_IN: ClipField.FADE_IN_SHAPE,
    ClipField.FADE_OUT: ClipField.FADE_OUT_SHAPE,
    ClipField.CROSSFADE: ClipField.CROSSFADE_SHAPE,
}
TIME_TIP = "Write 1:02.5, 62.5, or +0.5 to add half a second"


def common[T](values: Iterable[T]) -> T | None:
    """Return the value that all have, None when they differ."""
    rest = iter(values)
    first = next(rest, None)
    return first if all(value is first or value == first for value in rest) else None


def _crossing(view: ClipView, *, is_in: bool) -> ClipView:
    """Return the later one of the two clips that cross at an end of a clip."""
    if is_in or view.after is None:
        return view
    return replace(view, placed=view.after, after=None)


class ClipPanel(QWidget):
    """Everything about the selected clips.

    Signals
    -------
    values_requested : ClipEdit
    gesture_ended : str, the merge key of a drag that is over
    menu_requested : QPoint, global; the menu of the selected clips
    """

    values_requested = Signal(object)
    gesture_ended = Signal(str)
    menu_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._views: tuple[ClipView, ...] = ()
        self._hues: tuple[str, ...] = ()
        self._build()
        self._connect()
        self.set_clips(())

    def _build(self) -> None:
        self.chip = Chip()
        self.name = ValueEdit("Clip name", str.strip, style="inline")
        self.menu_button = tool_button("ellipsis", "What to do with the clip")
        self.times = {field: self._time_edit(field, text) for field, text in TIMES}
        captioned = [
            column(label(text, "dim"), self.times[field], spacing=3) for field, text in TIMES
        ]
        self.place = ElidedLabel("", "dim")
        self.percent = label("", "dim")
        self.percent.setFixedWidth(PICKER_PX)
        self.percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.gain = SliderRow("Gain", gain_scale(), self.percent)
        self.gain.slider.setToolTip("Double-click: back to 0 dB")
        self.fade_in = FadeRow("Fade in", partial(self._parse_fade, True), falls=False)
        self.fade_out = FadeRow("Fade out", partial(self._parse_fade, False), falls=True)
        self.mute = Switch("Mute")
        self.mute_label = label("Mute", "muted")
        self.mute_label.setBuddy(self.mute)
        body = column(
            row(self.chip, self.name, self.menu_button, spacing=4),
            row(*captioned, spacing=6),
            self.place,
            2,
            self.gain,
            self.fade_in,
            self.fade_out,
            row(self.mute_label, None, self.mute),
            spacing=4,
        )
        self.body = QWidget()
        self.body.setLayout(body)
        self.empty = empty_state(
            "audio-lines",
            "No clip selected",
            "Click a clip in the waveform or in the list to set its times, gain and fades.",
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.body)
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)

    def _time_edit(self, field: ClipField, text: str) -> ValueEdit:
        edit = ValueEdit(f"Clip {text.lower()}", partial(self._parse_all, field), style="moment")
        edit.setToolTip(TIME_TIP)
        return edit

    def _connect(self) -> None:
        for field, edit in self.times.items():
            edit.value_typed.connect(self._emit)
            edit.stepped.connect(partial(self._step_time, field))
        self.name.value_typed.connect(partial(self._set_all, ClipField.NAME))
        self.gain.value_picked.connect(partial(self._set_all, ClipField.GAIN))
        for line, is_in in ((self.fade_in, True), (self.fade_out, False)):
            line.value_picked.connect(partial(self._set_fade, is_in))
            line.picker.shape_picked.connect(partial(self._set_shape, is_in))
        for slider_row in (self.gain, self.fade_in, self.fade_out):
            slider_row.gesture_ended.connect(self._on_gesture_end)
        self.mute.clicked.connect(self._on_mute)
        self.menu_button.clicked.connect(self._ask_menu)

    # --- show -----------------------------------------------------------------------------

    def set_clips(self, views: Sequence[ClipView], hues: Sequence[str] = ()) -> None:
        """Show the selected clips, with their colours; none: what to do."""
        self._views, self._hues = tuple(views), tuple(hues)
        self.stack.setCurrentWidget(self.body if views else self.empty)
        if not views:
            return
        many = f"{len(views):,} clips" if len(views) > 1 else ""
        self.chip.set_hue((common(hues) or "tx3") if hues else "tx3")
        names = common(view.name for view in views)
        self.name.show_value(names or "", many)
        self.name.setToolTip(many or "Click to rename the clip")
        for field, edit in self.times.items():
            value = common(READERS[field](view) for view in views)
            edit.show_value("" if value is None else moment_words(value), "mixed")
        self.place.set_text(self._place_words())
        gain = common(view.clip.gain for view in views)
        self.gain.show_value(gain, "" if gain is None else percent_words(gain))
        self.percent.setText("" if gain is None else percent_words(gain))
        self._show_fade(is_in=True)
        self._show_fade(is_in=False)
        self.mute.setChecked(all(view.clip.muted for view in views))

    def _place_words(self) -> str:
        first = self._views[0]
        title = common(view.asset.title for view in self._views)
        if len(self._views) == 1:
            return f"At {moment_words(first.position_s)} in the mix · {first.asset.title}"
        samples = sum(view.placed.n_samples for view in self._views)
        total = Fraction(samples, first.sample_rate_hz)
        words = f"{len(self._views):,} clips, {moment_words(total)} in all"
        return f"{words} · {title}" if title else words

    def _fading(self, *, is_in: bool) -> tuple[bool, tuple[ClipView, ...]]:
        """Return whether that end is a crossfade, and the clips that its row sets."""
        line = self.fade_in if is_in else self.fade_out
        plain = tuple(
            view
            for view in self._views
            if not (view.placed.overlap if is_in else view.after and view.after.overlap)
        )
        if not line.is_dragged:
            line.crosses = not plain
        if line.crosses:
            return True, tuple(_crossing(view, is_in=is_in) for view in self._views)
        return False, plain or self._views

    def _show_fade(self, *, is_in: bool) -> None:
        crossed, views = self._fading(is_in=is_in)
        line = self.fade_in if is_in else self.fade_out
        field = ClipField.FADE_IN if is_in else ClipField.FADE_OUT
        if crossed:
            length = common(view.crossfade_in_s for view in views)
            shape = common(view.clip.crossfade_shape for view in views)
        else:
            length = common(v.clip.fade_in_s if is_in else v.clip.fade_out_s for v in views)
            shape = common(v.clip.fade_in_shape if is_in else v.clip.fade_out_shape for v in views)
        few = views[:MOST_MEASURED]
        room = min(room_s(ClipField.CROSSFADE if crossed else field, view) for view in few)
        end = "in" if is_in else "out"
        line.show_fade(
            f"Crossfade {end}" if crossed else f"Fade {end}",
            None if length is None else float(length),
            shape,
            room_s=float(room),
        )

    # --- hand -----------------------------------------------------------------------------

    def _emit(self, values: tuple[ClipValue, ...], merge_key: str = "") -> None:
        if values:
            text = EDIT_TEXTS[values[0].field]
            if values[0].field is ClipField.MUTED and not values[0].value:
                text = "Unmute clip"
            if len(self._views) > 1:
                text = text.replace("clip", "clips")
            if merge_key and not gesture_of(merge_key):
                merge_key += ":" + ",".join(str(view.placed.index) for view in self._views[:9])
            edit = ClipEdit(
                values=values, text=text, merge_key=merge_key, gesture_id=gesture_of(merge_key)
            )
            self.values_requested.emit(edit)

    def _set_all(self, field: ClipField, value: FieldValue, merge_key: str = "") -> None:
        views = self._views
        self._emit(
            tuple(ClipValue(index=v.placed.index, field=field, value=value) for v in views),
            merge_key,
        )

    def _on_mute(self) -> None:
        self._set_all(ClipField.MUTED, self.mute.isChecked())

    def _parse_all(self, field: ClipField, text: str) -> tuple[ClipValue, ...]:
        """Return what a typed time makes of each clip; +0.5 moves each by as much."""
        return tuple(
            ClipValue(index=view.placed.index, field=field, value=parse_field(field, text, view))
            for view in self._views
        )

    def _step_time(self, field: ClipField, steps: int) -> None:
        self.times[field].take_back()
        text = f"{'+' if steps > 0 else '-'}0.01"
        try:
            self._emit(self._parse_all(field, text), f"keys:{field}")
        except UsageError as error:
            self.times[field].show_fault(error)

    def _fade_target(self, *, is_in: bool) -> tuple[ClipField, tuple[ClipView, ...]]:
        """Return what a fade's row sets, and of which clips."""
        crossed, views = self._fading(is_in=is_in)
        if crossed:
            return ClipField.CROSSFADE, views
        return ClipField.FADE_IN if is_in else ClipField.FADE_OUT, views

    def _parse_fade(self, is_in: bool, text: str) -> tuple[ClipValue, ...]:
        field, views = self._fade_target(is_in=is_in)
        return tuple(
            ClipValue(index=view.placed.index, field=field, value=parse_field(field, text, view))
            for view in views
        )

    def _set_fade(self, is_in: bool, value: float | tuple[ClipValue, ...], merge_key: str) -> None:
        if isinstance(value, tuple):
            self._emit(value)
            return
        field, views = self._fade_target(is_in=is_in)
        exact = Fraction(round(value * 1000), 1000)
        self._emit(
            tuple(
                ClipValue(
                    index=view.placed.index, field=field, value=min(exact, room_s(field, view))
                )
                for view in views
            ),
            merge_key,
        )

    def _set_shape(self, is_in: bool, shape: FadeShape) -> None:
        field, views = self._fade_target(is_in=is_in)
        shaped = SHAPE_FIELDS[field]
        self._emit(tuple(ClipValue(index=v.placed.index, field=shaped, value=shape) for v in views))

    def _on_gesture_end(self, merge_key: str) -> None:
        self.gesture_ended.emit(merge_key)
        self.set_clips(self._views, self._hues)  # a crossfade may have become a fade

    def _ask_menu(self) -> None:
        corner = QPoint(0, self.menu_button.height())
        self.menu_requested.emit(self.menu_button.mapToGlobal(corner))
