"""What the clips go through after their own gain and fades: an ordered list of effects.

In: a lane's effects. Out: the list as it shall be, whole.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QVBoxLayout, QWidget

from core.audio.recipe import Compressor, Effect, HighPass
from core.audio.recipe_check import EFFECT_RANGES, MAX_EFFECTS
from core.errors import UsageError
from desktop import theme
from desktop.editor.clip_fields import gesture_of, signed
from desktop.editor.slider_rows import Scale, SliderRow
from desktop.widgets import Segmented, column, framed, label, row, tool_button

NAMES: dict[type[Effect], str] = {HighPass: "High-pass", Compressor: "Compressor"}
ABOUT: dict[type[Effect], str] = {
    HighPass: "Takes away rumble and handling noise",
    Compressor: "Evens out what is loud and what is quiet",
}
SLOPES = (("12", "Gentle"), ("24", "Steep"))
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(ms|khz|hz|db|s|k)?(?:\s*:\s*1)?")
_UNITS = {"ms": 0.001, "k": 1000.0, "khz": 1000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsEdit:
    """The effects as they shall be, in order: one undo step."""

    effects: tuple[Effect, ...]
    text: str
    """The name of the undo step."""
    merge_key: str = ""
    gesture_id: int = 0
    """The drag that it is part of, 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One number of an effect, in plain words."""

    field: str
    text: str
    tip: str
    words: Callable[[float], str]
    grain: float
    """What values are rounded to, and a step of the keyboard."""
    is_even: bool = True
    """Whether the slider's way is even; otherwise each part of it multiplies alike."""
    least: float | None = None
    most: float | None = None
    """What the slider reaches where that is less than what may be typed."""


def _db(value: float) -> str:
    return f"{signed(value)} dB"


def _plain_db(value: float) -> str:
    return f"{value:.1f} dB"


def _hertz(value: float) -> str:
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.2f} kHz"


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.2f} s"


def _ratio(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") + " : 1"


KNOBS: dict[type[Effect], tuple[Knob, ...]] = {
    HighPass: (
        Knob(
            field="frequency_hz",
            text="Cut below",
            tip="What lies below is taken away; 80 Hz suits voices",
            words=_hertz,
            grain=1.0,
            is_even=False,
        ),
    ),
    Compressor: (
        Knob(
            field="threshold_db",
            text="Threshold",
            tip="What is louder than this is turned down",
            words=_db,
            grain=0.5,
        ),
        Knob(
            field="ratio",
            text="Ratio",
            tip="How much it is turned down: 2 : 1 halves what is over the threshold",
            words=_ratio,
            grain=0.1,
            is_even=False,
        ),
        Knob(
            field="knee_db",
            text="Knee",
            tip="How gently it sets in around the threshold",
            words=_plain_db,
            grain=0.5,
        ),
        Knob(
            field="attack_s",
            text="Attack",
            tip="How fast it turns down; slower lets beats through",
            words=_seconds,
            grain=0.001,
            is_even=False,
            least=0.001,
            most=0.3,
        ),
        Knob(
            field="release_s",
            text="Release",
            tip="How fast it lets go again",
            words=_seconds,
            grain=0.005,
            is_even=False,
            least=0.01,
            most=2.0,
        ),
        Knob(
            field="makeup_db",
            text="Make-up",
            tip="Gain after compression, to make up for what was turned down",
            words=_db,
            grain=0.5,
        ),
    ),
}


def parse_number(text: str, low: float, high: float, words: Callable[[float], str]) -> float:
    """Return a number typed with or without its unit: 80, 80 Hz, 1.2 kHz, 20 ms, 2 : 1, -3 dB.

    Raises UsageError when it is none or out of range.
    """
    match = _NUMBER.fullmatch(text.strip().lower().replace("−", "-").replace(",", "."))
    if match is None:
        raise UsageError(f"“{text.strip()}” is not a value.", hint=f"Write {words(low)}, say.")
    value = float(match[1]) * _UNITS.get(match[2] or "", 1.0)
    if match[2] is None and words is _seconds:
        value /= 1000  # the field shows milliseconds
    if not low <= value <= high:
        raise UsageError(f"Choose {words(low)} to {words(high)}.", hint="")
    return value


def knob_scale(knob: Knob, low: float, high: float, default: float) -> Scale:
    """Return the scale of a knob whose value may be `low` to `high`."""
    least = low if knob.least is None else knob.least
    most = high if knob.most is None else knob.most

    def at(place: float) -> float:
        if knob.is_even:
            value = least + place * (most - least)
        else:
            value = least * (most / least) ** place
        return min(max(round(round(value / knob.grain) * knob.grain, 6), least), most)

    def place(value: float) -> float:
        value = min(max(value, least), most)
        if knob.is_even:
            return (value - least) / (most - least)
        return math.log(value / least) / math.log(most / least)

    return Scale(
        at=at,
        place=place,
        step=lambda value, steps: min(max(round(value + steps * knob.grain, 6), low), high),
        words=knob.words,
        parse=lambda text: parse_number(text, low, high, knob.words),
        default=default,
    )


class EffectCard(QWidget):
    """One effect and its knobs.

    Signals
    -------
    effect_picked : (Effect, str), the effect with another value, and the merge key
    gesture_ended : str
    move_requested : int, -1 up, +1 down
    remove_requested : no payload
    """

    effect_picked = Signal(object, str)
    gesture_ended = Signal(str)
    move_requested = Signal(int)
    remove_requested = Signal()

    def __init__(self, effect: Effect) -> None:
        super().__init__()
        self._effect = effect
        self.rows: dict[str, SliderRow] = {}
        self.more = tool_button("ellipsis", f"Move or remove the {NAMES[type(effect)].lower()}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._build_menu()
        title = label(NAMES[type(effect)], "value")
        title.setToolTip(ABOUT[type(effect)])
        lines: list[QWidget] = [self._build_row(knob) for knob in KNOBS[type(effect)]]
        body = column(row(title, None, self.more), *lines, margins=(10, 3, 6, 7), spacing=1)
        self.slope: Segmented | None = None
        if isinstance(effect, HighPass):
            self.slope = Segmented(SLOPES, "Slope")
            self.slope.setToolTip("12 or 24 dB an octave")
            self.slope.picked.connect(self._on_slope)
            body.addLayout(row(label("Slope", "muted"), None, self.slope))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(framed("card", body))
        self.show_effect(effect)

    def _build_menu(self) -> None:
        menu = QMenu(self.more)
        self.up, self.down, self.remove = (
            QAction(text, menu) for text in ("Move up", "Move down", "Remove")
        )
        self.remove.setIcon(theme.icon("trash-2"))
        menu.addActions([self.up, self.down])
        menu.addSeparator()
        menu.addAction(self.remove)
        self.up.triggered.connect(lambda: self.move_requested.emit(-1))
        self.down.triggered.connect(lambda: self.move_requested.emit(1))
        self.remove.triggered.connect(lambda: self.remove_requested.emit())
        self.more.setMenu(menu)

    def _build_row(self, knob: Knob) -> SliderRow:
        low, high, _unit = EFFECT_RANGES[type(self._effect)][1][knob.field]
        default = getattr(type(self._effect)(), knob.field)
        line = SliderRow(knob.text, knob_scale(knob, low, high, default))
        line.setToolTip(knob.tip)
        line.value_picked.connect(partial(self._on_value, knob.field))
        line.gesture_ended.connect(self.gesture_ended)
        self.rows[knob.field] = line
        return line

    @property
    def kind(self) -> type[Effect]:
        """What effect it shows."""
        return type(self._effect)

    def show_effect(self, effect: Effect) -> None:
        """Show the values of an effect of the same kind."""
        self._effect = effect
        for field, line in self.rows.items():
            line.show_value(getattr(effect, field))
        if self.slope is not None and isinstance(effect, HighPass):
            self.slope.set_choice(str(effect.slope_db))

    def show_place(self, place: int, count: int) -> None:
        """Offer the moves that there are."""
        self.up.setEnabled(place > 0)
        self.down.setEnabled(place + 1 < count)

    def _on_value(self, field: str, value: float, merge_key: str) -> None:
        self.effect_picked.emit(msgspec.structs.replace(self._effect, **{field: value}), merge_key)

    def _on_slope(self, key: str) -> None:
        if isinstance(self._effect, HighPass):
            changed = msgspec.structs.replace(self._effect, slope_db=int(key))
            self.effect_picked.emit(changed, "")


class EffectsPanel(QWidget):
    """The effects of a lane.

    Signals
    -------
    effects_requested : EffectsEdit
    gesture_ended : str, the merge key of a drag that is over
    """

    effects_requested = Signal(object)
    gesture_ended = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._effects: tuple[Effect, ...] = ()
        self.cards: list[EffectCard] = []
        self.add_button = tool_button("plus", "Add an effect")
        self.add_button.setObjectName("tight")
        self.add_button.setFixedSize(26, 22)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add_actions: dict[type[Effect], QAction] = {}
        menu = QMenu(self.add_button)
        menu.setToolTipsVisible(True)
        for kind, name in NAMES.items():
            action = QAction(name, menu)
            action.setToolTip(ABOUT[kind])
            action.triggered.connect(partial(self._add, kind))
            self.add_actions[kind] = action
            menu.addAction(action)
        self.add_button.setMenu(menu)
        self.hint = label("None: the mix sounds as its clips do.", "dim")
        self._list = column(spacing=6)
        head = row(label("Effects", "h1"), None, self.add_button)
        self.setLayout(column(head, self.hint, self._list, spacing=4))

    def set_effects(self, effects: Sequence[Effect]) -> bool:
        """Show a lane's effects; return whether the controls are new."""
        self._effects = tuple(effects)
        is_new = [card.kind for card in self.cards] != [type(effect) for effect in effects]
        if is_new:
            self._rebuild()
        for card, effect in zip(self.cards, effects, strict=True):
            card.show_effect(effect)
        self.hint.setVisible(not effects)
        self.add_button.setEnabled(len(effects) < MAX_EFFECTS)
        return is_new

    def _rebuild(self) -> None:
        for card in self.cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [EffectCard(effect) for effect in self._effects]
        for place, card in enumerate(self.cards):
            card.show_place(place, len(self.cards))
            card.effect_picked.connect(partial(self._on_effect, place))
            card.gesture_ended.connect(self.gesture_ended)
            card.move_requested.connect(partial(self._move, place))
            card.remove_requested.connect(partial(self._remove, place))
            self._list.addWidget(card)

    # --- hand -----------------------------------------------------------------------------

    def _ask(self, effects: Sequence[Effect], text: str, merge_key: str = "") -> None:
        edit = EffectsEdit(
            effects=tuple(effects),
            text=text,
            merge_key=merge_key,
            gesture_id=gesture_of(merge_key),
        )
        self.effects_requested.emit(edit)

    def _add(self, kind: type[Effect], *_: object) -> None:
        self._ask((*self._effects, kind()), f"Add {NAMES[kind].lower()}")

    def _on_effect(self, place: int, effect: Effect, merge_key: str) -> None:
        effects = list(self._effects)
        effects[place] = effect
        if merge_key and not gesture_of(merge_key):
            merge_key += f":{place}"
        self._ask(effects, f"Change {NAMES[type(effect)].lower()}", merge_key)

    def _move(self, place: int, by: int) -> None:
        effects = list(self._effects)
        effects.insert(place + by, effects.pop(place))
        self._ask(effects, "Reorder effects")

    def _remove(self, place: int) -> None:
        name = NAMES[type(self._effects[place])].lower()
        self._ask(
            (*self._effects[:place], *self._effects[place + 1 :]),
            f"Remove {name}",
        )
