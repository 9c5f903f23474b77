"""The form of the mix: sample rate, channels, and whether bare cuts are softened.

In: the recipe. Out: another rate, channels, de-click.
"""

from fractions import Fraction

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from core.audio.recipe import DECLICK_S, Recipe
from desktop.render.output import combo
from desktop.widgets import Switch, column, label, row

RATES = {44_100: "44.1 kHz", 48_000: "48 kHz", 96_000: "96 kHz"}
CHANNELS = {1: "Mono", 2: "Stereo"}
SOFTEN_TIP = "Fades of 3 ms where a clip is cut inside its track, so that cuts do not click"


def rate_words(rate_hz: int) -> str:
    """Return a sample rate: 44.1 kHz."""
    return f"{rate_hz / 1000:g} kHz"


class MixPanel(QWidget):
    """What the mixdown is.

    Signals
    -------
    sample_rate_requested : int, Hz
    channels_requested : int
    declick_requested : Fraction, seconds; 0: off
    """

    sample_rate_requested = Signal(int)
    channels_requested = Signal(int)
    declick_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._recipe = Recipe(clips=())
        self.rate = combo("Sample rate")
        for rate_hz, text in RATES.items():
            self.rate.addItem(text, rate_hz)
        self.channels = combo("Channels")
        for count, text in CHANNELS.items():
            self.channels.addItem(text, count)
        self.soften = Switch("Soften cuts")
        caption = label("Soften cuts", "muted")
        for widget in (self.soften, caption):
            widget.setToolTip(SOFTEN_TIP)
        caption.setBuddy(self.soften)
        self.setLayout(
            column(
                label("Mix", "h1"),
                row(self.rate, self.channels),
                row(caption, None, self.soften),
                spacing=6,
            )
        )
        self.rate.activated.connect(self._on_rate)
        self.channels.activated.connect(self._on_channels)
        self.soften.clicked.connect(self._on_soften)
        self.set_recipe(self._recipe)

    def set_recipe(self, recipe: Recipe) -> None:
        """Show a recipe's form."""
        self._recipe = recipe
        _choose(self.rate, recipe.sample_rate_hz, rate_words(recipe.sample_rate_hz))
        _choose(self.channels, recipe.channels, f"{recipe.channels} channels")
        self.soften.setChecked(recipe.declick_s > 0)

    def _on_rate(self, place: int) -> None:
        if self.rate.itemData(place) != self._recipe.sample_rate_hz:
            self.sample_rate_requested.emit(self.rate.itemData(place))

    def _on_channels(self, place: int) -> None:
        if self.channels.itemData(place) != self._recipe.channels:
            self.channels_requested.emit(self.channels.itemData(place))

    def _on_soften(self, on: bool) -> None:
        self.declick_requested.emit(DECLICK_S if on else Fraction(0))


def _choose(box: QComboBox, value: int, words: str) -> None:
    """Show a value, which may be none of the usual ones."""
    if box.findData(value) < 0:
        box.addItem(words, value)
        box.setItemData(box.count() - 1, "As the project has it", Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(box.findData(value))
