"""How loud the mix shall be, how loud it is, and what was done about it.

In: the recipe's target, measurements, the normaliser's report. Out: another target.
"""

from functools import partial

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from core.audio.loudness_targets import (
    DEFAULT_DBTP,
    PRESETS,
    check_target,
    preset_target,
)
from core.audio.normalisation import NormalisationReport
from core.audio.recipe import LoudnessTarget
from core.errors import UsageError
from core.library.model import Loudness
from desktop.editor.clip_fields import signed
from desktop.editor.loudness_bar import LoudnessBar
from desktop.editor.value_edit import ValueEdit
from desktop.render.output import combo
from desktop.widgets import column, label, row

OFF, CUSTOM = "", "custom"
FIRST_CUSTOM = LoudnessTarget(integrated_lufs=-16.0, true_peak_dbtp=DEFAULT_DBTP)
HEARD_DB = 6.0
"""A limiter that works harder than this may be heard."""
NOTHING_DB = 0.05
SENSE = {
    "podcast": "Podcast, stereo",
    "ebu": "EBU R 128",
    "atsc": "ATSC A/85",
}
"""Shorter names for a narrow picker."""
RANGE = "loudness_range_lu"
FIGURES = (
    ("Loudness", "integrated_lufs", "LUFS", "Over the whole mix"),
    ("True peak", "true_peak_dbtp", "dBTP", "The highest point between samples"),
    ("Range", RANGE, "LU", "From the quiet parts to the loud ones"),
    ("Loudest 3 s", "max_short_term_lufs", "LUFS", "The highest short-term loudness"),
)


def level(value: float | None) -> str:
    """Return a level: −14.0, +0.3, a dash for none."""
    return "–" if value is None else signed(value)


def report_sentence(report: NormalisationReport) -> str:
    """Return in one sentence how a mix came to its loudness."""
    if report.before.integrated_lufs is None:
        return report.note or "Too quiet or too short to measure: nothing was changed."
    ceiling = f"{report.target.true_peak_dbtp:g} dBTP".replace("-", "−")
    if abs(report.gain_db) < NOTHING_DB:
        turned = "Already as loud as it should be"
    else:
        turned = f"Turned {'up' if report.gain_db > 0 else 'down'} by {abs(report.gain_db):.1f} dB"
    if report.is_linear or report.limited_db < NOTHING_DB:
        sentence = f"{turned}, nothing else changed."
    else:
        heard = ", which may be heard" if report.limited_db > HEARD_DB else ""
        sentence = (
            f"{turned}; a limiter holds peaks under {ceiling} "
            f"(up to {report.limited_db:.1f} dB{heard})."
        )
    return f"{sentence} {report.note}".strip()


def forecast_sentence(before: Loudness, target: LoudnessTarget) -> str:
    """Return in one sentence what is going to be done to a mix; empty where nothing can be."""
    if before.integrated_lufs is None:
        return ""
    gain_db = target.integrated_lufs - before.integrated_lufs
    if abs(gain_db) < NOTHING_DB:
        return "It is as loud as it should be."
    sentence = f"Will be turned {'up' if gain_db > 0 else 'down'} by about {abs(gain_db):.1f} dB"
    peak = before.true_peak_dbtp
    if peak is not None and peak + gain_db > target.true_peak_dbtp:
        ceiling = f"{target.true_peak_dbtp:g} dBTP".replace("-", "−")
        sentence += f", with a limiter that holds peaks under {ceiling}"
    return f"{sentence}."


def _parse_level(unit: str, text: str) -> float:
    """Return a level typed as -16 or -16 LUFS."""
    words = text.strip().lower().replace("−", "-").replace(",", ".")
    number = words.removesuffix(unit.lower()).strip()
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not -1000 < value < 1000:
        raise UsageError(f"“{text.strip()}” is not a level.", hint=f"Write a number of {unit}.")
    return value


class LoudnessPanel(QWidget):
    """The mix's loudness.

    Signals
    -------
    target_requested : LoudnessTarget or None, None: leave the mix as loud as it is
    """

    target_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._target: LoudnessTarget | None = None
        self._measured: Loudness | None = None
        self._report: NormalisationReport | None = None
        self._busy = False
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        self.state = label("", "dim")
        self.preset = combo("Match loudness")
        self.preset.addItem("As it is", OFF)
        for key, preset in PRESETS.items():
            lufs = f"{preset.target.integrated_lufs:g}".replace("-", "−")
            self.preset.addItem(f"{SENSE.get(key, preset.title)}  {lufs} LUFS", key)
            self.preset.setItemData(
                self.preset.count() - 1, preset.source, Qt.ItemDataRole.ToolTipRole
            )
        self.preset.addItem("My own numbers", CUSTOM)
        self.preset.setMaxVisibleItems(self.preset.count())
        self.lufs = ValueEdit("Loudness in LUFS", partial(self._parse, "LUFS"), style="moment")
        self.dbtp = ValueEdit("Highest true peak", partial(self._parse, "dBTP"), style="moment")
        self.custom = QWidget()
        self.custom.setLayout(
            row(
                column(label("Loudness", "dim"), self.lufs, spacing=3),
                column(label("Highest true peak", "dim"), self.dbtp, spacing=3),
                spacing=6,
            )
        )
        self.bar = LoudnessBar()
        self.figures = self._build_figures()
        self.sentence = label("", "muted")
        self.sentence.setWordWrap(True)
        self.setLayout(
            column(
                row(label("Loudness", "h1"), None, self.state),
                self.preset,
                self.custom,
                self.bar,
                self.figures,
                self.sentence,
                spacing=6,
            )
        )

    def _build_figures(self) -> QFrame:
        frame = QFrame()
        grid = QGridLayout(frame)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.head_before, self.head_after = label("Before", "dim"), label("After", "dim")
        grid.addWidget(self.head_before, 0, 1, right)
        grid.addWidget(self.head_after, 0, 2, right)
        self.cells: dict[str, tuple[QLabel, QLabel]] = {}
        self._lines: dict[str, tuple[QLabel, ...]] = {}
        for line, (text, key, unit, tip) in enumerate(FIGURES, 1):
            name, before, after = label(text, "muted"), label("", "muted"), label("", "value")
            name.setToolTip(tip)
            for place, widget in enumerate((before, after), 1):
                widget.setMinimumWidth(44)
                widget.setAlignment(right)
                grid.addWidget(widget, line, place, right)
            grid.addWidget(name, line, 0)
            unit_label = label(unit, "dim")
            grid.addWidget(unit_label, line, 3)
            self.cells[key] = (before, after)
            self._lines[key] = (name, before, after, unit_label)
        return frame

    def _connect(self) -> None:
        self.preset.activated.connect(self._on_preset)
        self.lufs.value_typed.connect(self.target_requested)
        self.dbtp.value_typed.connect(self.target_requested)
        self.lufs.stepped.connect(partial(self._step, lufs=0.5, dbtp=0.0))
        self.dbtp.stepped.connect(partial(self._step, lufs=0.0, dbtp=0.1))

    # --- show -----------------------------------------------------------------------------

    def set_target(self, target: LoudnessTarget | None) -> None:
        """Show the recipe's target."""
        self._target = target
        self._show()

    def set_measured(self, loudness: Loudness | None) -> None:
        """Show how loud the mix is before any matching; None: not known."""
        self._measured = loudness
        self._show()

    def set_report(self, report: NormalisationReport | None) -> None:
        """Show what matching the loudness did; None: not known for this mix."""
        self._report = report
        self._show()

    def set_busy(self, busy: bool) -> None:
        """Show that the mix is being measured."""
        self._busy = busy
        self._show()

    def _show(self) -> None:
        target, report = self._target, self._report if self._target else None
        before = report.before if report else self._measured
        after = report.after if report else None
        self.preset.setCurrentIndex(self.preset.findData(self._choice(target)))
        is_custom = self._choice(target) == CUSTOM
        self.custom.setVisible(is_custom)
        if target is not None:
            self.lufs.show_value(f"{signed(target.integrated_lufs)} LUFS")
            self.dbtp.show_value(f"{signed(target.true_peak_dbtp)} dBTP")
        self.state.setText("Measuring…" if self._busy else "")
        now = before.integrated_lufs if before else None
        self.bar.set_levels(now, target.integrated_lufs if target else None)
        self.bar.setVisible(now is not None or target is not None)
        self._show_figures(before, after)
        self._show_sentence(report, before)

    @staticmethod
    def _choice(target: LoudnessTarget | None) -> str:
        if target is None:
            return OFF
        known = target.name in PRESETS and preset_target(target.name) == target
        return target.name if known else CUSTOM

    def _show_figures(self, before: Loudness | None, after: Loudness | None) -> None:
        self.figures.setVisible(before is not None)
        self.head_before.setText("Before" if after else "Now")
        self.head_after.setVisible(after is not None)
        for key, (old, new) in self.cells.items():
            known = any(getattr(found, key, None) is not None for found in (before, after))
            is_shown = known or key == FIGURES[0][1]
            for widget in self._lines[key]:
                widget.setVisible(is_shown and (widget is not new or after is not None))
            sign = "+" if key == RANGE else ""
            old.setText(level(getattr(before, key, None)).removeprefix(sign))
            new.setText(level(getattr(after, key, None)).removeprefix(sign))

    def _show_sentence(self, report: NormalisationReport | None, before: Loudness | None) -> None:
        if report is not None:
            text = report_sentence(report)
        elif self._target is None:
            text = "The mix stays as loud as it is."
        elif before is None:
            text = "Measured as soon as the mix is ready."
        else:
            text = forecast_sentence(before, self._target)
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))

    # --- hand -----------------------------------------------------------------------------

    def _on_preset(self, place: int) -> None:
        key = self.preset.itemData(place)
        if key == self._choice(self._target):
            return
        if key == CUSTOM:
            start = self._target or FIRST_CUSTOM
            self.target_requested.emit(msgspec.structs.replace(start, name=CUSTOM))
        else:
            self.target_requested.emit(preset_target(key) if key else None)

    def _parse(self, unit: str, text: str) -> LoudnessTarget:
        value = _parse_level(unit, text)
        target = self._target or FIRST_CUSTOM
        if unit == "LUFS":
            target = msgspec.structs.replace(target, integrated_lufs=value, name=CUSTOM)
        else:
            target = msgspec.structs.replace(target, true_peak_dbtp=value, name=CUSTOM)
        check_target(target)
        return target

    def _step(self, steps: int, *, lufs: float, dbtp: float) -> None:
        start = self._target or FIRST_CUSTOM
        target = LoudnessTarget(
            integrated_lufs=round(start.integrated_lufs + steps * lufs, 3),
            true_peak_dbtp=round(start.true_peak_dbtp + steps * dbtp, 3),
            name=CUSTOM,
        )
        try:
            check_target(target)
        except UsageError as error:
            (self.lufs if lufs else self.dbtp).show_fault(error)
            return
        self.target_requested.emit(target)
