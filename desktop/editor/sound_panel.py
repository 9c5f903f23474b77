"""The sound inspector: the selected clip, the mix's loudness, its effects, its form.

In: the recipe, where its clips lie, the selection, measurements. Out: requests; nothing is
changed here. As wide as the inspector of the picture; it scrolls where the window is short.
"""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from core.audio.arrangement import Arrangement
from core.audio.normalisation import NormalisationReport
from core.audio.recipe import Recipe
from core.library.model import Asset, Loudness
from desktop.editor.clip_fields import view_clip
from desktop.editor.clip_panel import ClipPanel
from desktop.editor.effects_panel import EffectsPanel
from desktop.editor.level_meter import LevelMeter
from desktop.editor.loudness_panel import LoudnessPanel
from desktop.editor.mix_panel import MixPanel
from desktop.widgets import chain_tabs, column, rule


class SoundPanel(QFrame):
    """Everything about the sound that is not drawn on the waveform.

    Signals
    -------
    values_requested : ClipEdit
    menu_requested : QPoint, global; the menu of the selected clips
    target_requested : LoudnessTarget or None
    effects_requested : EffectsEdit
    sample_rate_requested, channels_requested : int
    declick_requested : Fraction, seconds
    gesture_ended : str, the merge key of a drag that is over
    """

    values_requested = Signal(object)
    menu_requested = Signal(object)
    target_requested = Signal(object)
    effects_requested = Signal(object)
    sample_rate_requested = Signal(int)
    channels_requested = Signal(int)
    declick_requested = Signal(object)
    gesture_ended = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._arrangement: Arrangement | None = None
        self._assets: Mapping[str, Asset] = {}
        self._hues: Sequence[str] = ()
        self._selection: tuple[int, ...] = ()
        self.clip = ClipPanel()
        self.loudness = LoudnessPanel()
        self.meter = LevelMeter()
        self.effects = EffectsPanel()
        self.mix = MixPanel()
        self._build()
        self._connect()

    def _build(self) -> None:
        inner = QWidget()
        self._body = column(
            self.clip,
            rule(),
            self.loudness,
            self.meter,
            rule(),
            self.effects,
            rule(),
            self.mix,
            None,
            margins=(14, 8, 14, 12),
            spacing=8,
        )
        inner.setLayout(self._body)
        self.area = QScrollArea()
        self.area.setWidget(inner)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.area)
        chain_tabs(self._body)

    def _connect(self) -> None:
        self.clip.values_requested.connect(self.values_requested)
        self.clip.menu_requested.connect(self.menu_requested)
        self.clip.gesture_ended.connect(self.gesture_ended)
        self.loudness.target_requested.connect(self.target_requested)
        self.effects.effects_requested.connect(self.effects_requested)
        self.effects.gesture_ended.connect(self.gesture_ended)
        self.mix.sample_rate_requested.connect(self.sample_rate_requested)
        self.mix.channels_requested.connect(self.channels_requested)
        self.mix.declick_requested.connect(self.declick_requested)

    # --- show -----------------------------------------------------------------------------

    def set_state(
        self,
        recipe: Recipe,
        arrangement: Arrangement | None,
        assets: Mapping[str, Asset],
        hues: Sequence[str] = (),
    ) -> None:
        """Show a recipe; `arrangement` None while there is nothing to hear."""
        self._arrangement, self._assets, self._hues = arrangement, assets, hues
        self.loudness.set_target(recipe.loudness)
        if self.effects.set_effects(recipe.lanes[0].effects if recipe.lanes else ()):
            chain_tabs(self._body)
        self.mix.set_recipe(recipe)
        self._show_clips()

    def set_selection(self, indices: Sequence[int]) -> None:
        """Show these clips."""
        self._selection = tuple(indices)
        self._show_clips()

    def set_measured(self, loudness: Loudness | None) -> None:
        """Show how loud the mix is before any matching; None: not known."""
        self.loudness.set_measured(loudness)

    def set_report(self, report: NormalisationReport | None) -> None:
        """Show what matching the loudness did; None: not known for this mix."""
        self.loudness.set_report(report)

    def set_busy(self, busy: bool) -> None:
        """Show that the mix is being measured."""
        self.loudness.set_busy(busy)

    def _show_clips(self) -> None:
        arrangement = self._arrangement
        count = len(arrangement.clips) if arrangement else 0
        chosen = [index for index in self._selection if index < count]
        if arrangement is None or not chosen:
            self.clip.set_clips(())
            return
        views = [view_clip(arrangement, self._assets, index) for index in chosen]
        hues = [self._hue(index) for index in chosen]
        self.clip.set_clips(views, hues)

    def _hue(self, index: int) -> str:
        return self._hues[index] if index < len(self._hues) else "tx3"
