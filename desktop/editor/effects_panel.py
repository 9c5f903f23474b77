"""What the clips go through after their own gain and fades: an ordered list of effects.

In: a lane's effects. Out: the list as it shall be, whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QVBoxLayout, QWidget

from core.audio.recipe import Compressor, Effect, HighPass
from core.audio.recipe_check import EFFECT_RANGES, MAX_EFFECTS
from desktop import theme
from desktop.editor.clip_fields import gesture_of
from desktop.editor.effect_knobs import KNOBS, Knob, knob_scale
from desktop.editor.slider_rows import SliderRow
from desktop.widgets import Segmented, Switch, column, framed, label, row, tool_button

NAMES: dict[type[Effect], str] = {HighPass: "High-pass", Compressor: "Compressor"}
ABOUT: dict[type[Effect], str] = {
    HighPass: "Takes away rumble and handling noise",
    Compressor: "Evens out what is loud and what is quiet",
}
SLOPES = (("12", "Gentle"), ("24", "Steep"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsEdit:
    """The effects as they shall be, in order: one undo step."""

    effects: tuple[Effect, ...]
    text: str
    """The name of the undo step."""
    merge_key: str = ""
    gesture_id: int = 0
    """The drag that it is part of, 0: none."""


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
        self.switch = Switch(f"Use the {NAMES[type(effect)].lower()}")
        self.switch.clicked.connect(self._on_switch)
        body = column(
            row(title, None, self.switch, self.more), *lines, margins=(10, 3, 6, 7), spacing=1
        )
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
            line.setEnabled(effect.enabled)
        self.switch.setChecked(effect.enabled)
        if self.slope is not None and isinstance(effect, HighPass):
            self.slope.set_choice(str(effect.slope_db))
            self.slope.setEnabled(effect.enabled)

    def show_place(self, place: int, count: int) -> None:
        """Offer the moves that there are."""
        self.up.setEnabled(place > 0)
        self.down.setEnabled(place + 1 < count)

    def _on_value(self, field: str, value: float, merge_key: str) -> None:
        self.effect_picked.emit(msgspec.structs.replace(self._effect, **{field: value}), merge_key)

    def _on_switch(self, on: bool) -> None:
        self.effect_picked.emit(msgspec.structs.replace(self._effect, enabled=on), "")

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
