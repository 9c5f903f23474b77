"""Hearing: the sound on the table as playback plays it, the same as the video will have it.

In: the workspace's recipe, how its loudness was reached. Out: a sound for the player, made on the
pool; the decoded sound of a source that was evicted is made anew first.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.audio.normalisation import NormalisationPlan, NormalisationReport, plan_of
from core.audio.recipe import Recipe
from core.engine.protocol import SubmitPrepare
from core.engine.replies import Submitted
from core.errors import CymaticError
from core.jobs.model import JobStatus, JobView
from core.library.model import Asset
from core.paths import LibraryPaths
from desktop.bridge import Connection, EngineBridge
from desktop.playback import Playback
from desktop.tasks import Background
from desktop.workspace import Workspace

if TYPE_CHECKING:  # loads numpy
    from core.audio.heard import HeardSound

SoundMaker = Callable[
    [Recipe, Mapping[str, Asset], LibraryPaths, NormalisationPlan | None], "HeardSound"
]
REST_MS = 25
MISSING = "pcm-missing"


class Hearing(QObject):
    """Gives playback the sound on the table.

    Signals
    -------
    failed : CymaticError, the sound cannot be heard
    restored : no payload, a decoded sound that was gone is there again
    """

    failed = Signal(object)
    restored = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        playback: Playback,
        make: "SoundMaker",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make_sound = make
        self._bridge, self._background = bridge, background
        self._workspace, self._playback = workspace, playback
        self._plan: NormalisationPlan | None = None
        self._number = 0
        self._heard = 0
        self._wants_play = False
        self._is_warm = False
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._make)
        workspace.recipe_changed.connect(self._on_recipe)
        bridge.connection_changed.connect(self._on_connection)
        playback.failed.connect(self._on_failed)

    def _on_recipe(self, recipe: Recipe) -> None:
        if recipe.loudness is None or (self._plan and self._plan.target != recipe.loudness):
            self._plan = None
        if self._workspace.n_placed != self._heard:
            # Another project: what is still to be heard of the last one would be wrong.
            self._heard, self._wants_play = 0, False
            self._playback.set_sound(None)
        self._timer.start()

    @property
    def is_ready(self) -> bool:
        """Whether playback holds the sound of the project on the table."""
        return self._heard == self._workspace.n_placed

    def toggle_wish(self) -> bool:
        """Play as soon as the sound is there, or not after all; return which."""
        self._wants_play = not self._wants_play
        return self._wants_play

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self._timer.start()

    def set_report(self, report: NormalisationReport | None) -> None:
        """Hear the loudness that the last mixdown came to."""
        plan = plan_of(report) if report else None
        if plan != self._plan:
            self._plan = plan
            self._timer.start()

    def _make(self) -> None:
        self._number += 1
        workspace, info = self._workspace, self._bridge.engine
        if workspace.arrangement is None or info is None:
            self._playback.set_sound(None)
            return
        recipe, assets = workspace.project.recipe, dict(workspace.assets)
        paths, plan = LibraryPaths(info.library), self._plan
        self._background.run(
            lambda: self._make_sound(recipe, assets, paths, plan),
            partial(self._take, self._number),
            partial(self._on_error, self._number),
        )

    def _take(self, number: int, sound: "HeardSound") -> None:
        if number != self._number:
            return
        self._playback.set_sound(sound, keep_position=self.is_ready)
        self._heard = self._workspace.n_placed
        if self._wants_play:
            self._wants_play = False
            self._playback.play()
        if not self._is_warm:
            self._is_warm = True
            self._background.run(_warm_up, _nothing, _nothing)

    def _on_error(self, number: int, error: CymaticError) -> None:
        if number == self._number:
            self._on_failed(error)

    def _on_failed(self, error: CymaticError) -> None:
        if error.code != MISSING:
            self.failed.emit(error)
            return
        self._bridge.ask(
            SubmitPrepare(subject=self._workspace.subject, sounds=True), self._on_submitted
        )

    def _on_submitted(self, answer: Submitted) -> None:
        self._bridge.watch(answer.job.id).ended.connect(self._on_restored)

    def _on_restored(self, job: JobView) -> None:
        if job.status is JobStatus.DONE:
            self._timer.start()
            self.restored.emit()
        elif job.error is not None:
            error = CymaticError(job.error.message, hint=job.error.hint, code=job.error.code)
            self.failed.emit(error)


def make_sound(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    paths: LibraryPaths,
    plan: NormalisationPlan | None,
) -> "HeardSound":
    """Return a recipe as it will sound; numpy is loaded here."""
    from core.audio.heard import HeardSound
    from core.audio.mix import Mixer

    used = {clip.asset_id for clip in recipe.clips}
    loudest = max((assets[key].pcm.peak for key in used), default=0.0)
    gain = max((clip.gain for clip in recipe.clips), default=1.0)
    # Two sounds may meet, an effect may add: only one plain quiet track surely stays below.
    bare = len(recipe.clips) == 1 and not recipe.lanes[0].effects
    may_clip = not bare or loudest * gain > 1.0
    sound = HeardSound(Mixer(recipe, assets, paths), plan, may_clip=may_clip)
    sound.read(0, 1)  # a source whose cache was evicted is noticed here
    return sound


def _warm_up() -> None:
    """Load what meters, effects and limiters need, before the first block that asks for it."""
    import_module("scipy.signal")
    import_module("scipy.ndimage")


def _nothing(_outcome: object) -> None:
    """Leave it: whoever needs it loads it then."""
