"""Sound files: the mix written to a file, markers read and written, silence found.

In: what the editor's menu asks for. Out: engine requests, dialogs, edits; a notice at the end.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from core.audio import edit
from core.audio.recipe import Marker
from core.engine.protocol import SubmitExport
from core.engine.replies import Submitted
from core.errors import CymaticError
from core.jobs.model import ExportResult, JobView
from core.library.model import Asset
from core.paths import LibraryPaths
from desktop.bridge import EngineBridge
from desktop.editor.actions import Editing
from desktop.memory import Memory
from desktop.notices import Notice, Notices, Tone
from desktop.tasks import Background
from desktop.words import plural
from desktop.workspace import Workspace

if TYPE_CHECKING:  # loads numpy
    from core.audio.silence import Stretch

SOUND_FILTER = (
    "WAV (*.wav);;FLAC (*.flac);;MP3 (*.mp3);;AAC (*.m4a);;Opus (*.opus);;Ogg Vorbis (*.ogg)"
)
MARKER_FILTER = (
    "Audacity labels (*.txt);;Table (*.csv);;JSON (*.json);;Cue sheet (*.cue);;All files (*)"
)


class SoundFileActions(QObject):
    """What the editor does with files.

    Signals
    -------
    reveal_requested : Path
    """

    reveal_requested = Signal(object)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        editing: Editing,
        notices: Notices,
        memory: Memory,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._background = bridge, background
        self._workspace, self._editing = workspace, editing
        self._notices, self._memory, self._window = notices, memory, parent

    # --- the mix as a file ----------------------------------------------------------------

    def export(self) -> None:
        """Ask for a file name and write the mix to it."""
        if self._workspace.asset is None:
            return
        dialog = self._dialog("Save the sound", "sounds", SOUND_FILTER)
        dialog.setDefaultSuffix("wav")
        dialog.selectFile(self._workspace.project.title.replace("/", "-") + ".wav")
        dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix(_suffix(text)))
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Write the mix to a file; its name tells the format."""
        self._memory.keep_folder("sounds", path)
        request = SubmitExport(
            subject=self._workspace.subject,
            output=path,
            overwrite=True,
            markers=self._workspace.project.markers,
        )
        self._notices.show(Notice(text=f"Writing “{path.name}”…"))
        self._bridge.ask(request, self._on_submitted)

    def _on_submitted(self, answer: Submitted) -> None:
        self._bridge.watch(answer.job.id).ended.connect(self._on_exported)

    def _on_exported(self, job: JobView) -> None:
        if isinstance(job.result, ExportResult):
            lufs = job.result.measured.integrated_lufs
            loudness = f" It has {lufs:.1f} LUFS.".replace("-", "−") if lufs is not None else ""
            self._notices.show(
                Notice(
                    text=f"Saved “{job.result.path.name}”.{loudness}",
                    hint=" ".join(job.result.notes),
                    tone=Tone.GOOD,
                    action_text="Show the file",
                    action=partial(self.reveal_requested.emit, job.result.path),
                )
            )
        elif job.error is not None:
            self._tell(CymaticError(job.error.message, hint=job.error.hint, code=job.error.code))

    # --- markers --------------------------------------------------------------------------

    def import_markers(self) -> None:
        """Ask for a file of markers and add them."""
        dialog = self._dialog("Read markers", "markers", MARKER_FILTER, saves=False)
        dialog.fileSelected.connect(lambda name: self.read_markers(Path(name)))
        dialog.open()

    def read_markers(self, path: Path) -> None:
        """Add the markers of a file."""
        from core.audio.exchange.files import read_markers

        self._memory.keep_folder("markers", path)
        self._background.run(lambda: read_markers(path), self.add_markers, self._tell)

    def add_markers(self, found: tuple[Marker, ...]) -> None:
        """Put markers beside those that are there."""
        every = {*self._workspace.project.markers, *found}
        found = tuple(every - {*self._workspace.project.markers})
        if not found:
            self._notices.show(Notice(text="These markers are there already."))
            return
        ordered = tuple(sorted(every, key=lambda marker: (marker.time_s, marker.name)))
        self._workspace.set_markers(ordered, f"Add {plural(len(found), 'marker')}")
        self._notices.show(Notice(text=f"Added {plural(len(found), 'marker')}.", tone=Tone.GOOD))

    def add_chapters(self) -> None:
        """Make markers of the chapters that the sounds declare, where they lie in the mix."""
        from core.audio.exchange.mix_chapters import mix_chapters

        workspace = self._workspace
        if workspace.arrangement is not None:
            self.add_markers(mix_chapters(workspace.project.recipe, workspace.assets))

    def export_markers(self) -> None:
        """Ask for a file name and write the markers to it."""
        dialog = self._dialog("Save markers", "markers", MARKER_FILTER)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile(self._workspace.project.title.replace("/", "-") + ".txt")
        dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix(_suffix(text)))
        dialog.fileSelected.connect(lambda name: self.write_markers(Path(name)))
        dialog.open()

    def write_markers(self, path: Path) -> None:
        """Write the markers to a file; its name tells the format."""
        from core.audio.exchange.files import SoundNote, write_markers

        self._memory.keep_folder("markers", path)
        markers = self._workspace.project.markers
        note = SoundNote(
            title=self._workspace.project.title,
            duration_s=Fraction(self._workspace.duration_s).limit_denominator(1_000_000),
        )
        self._background.run(
            lambda: write_markers(path, markers, sound=note, overwrite=True),
            lambda _done: self._notices.show(Notice(text=f"Saved “{path.name}”.", tone=Tone.GOOD)),
            self._tell,
        )

    # --- silence --------------------------------------------------------------------------

    def trim_silence(self) -> None:
        """Cut the silence before and after the mix."""
        self._find_sounds(
            lambda found: self._editing.apply(
                "Trim silence",
                lambda recipe, assets: edit.trim_silence(recipe, assets, found),
            )
        )

    def clips_from_silence(self) -> None:
        """Make a clip of every sound between the silences of the chosen clip."""
        chosen = self._editing.chosen()
        if len(chosen) != 1:
            self._notices.show(Notice(text="Choose one clip first."))
            return
        (index,) = chosen
        asset_id = self._workspace.project.recipe.clips[index].asset_id
        self._find_sounds(
            lambda found: self._editing.apply(
                "Split at silences",
                lambda recipe, assets: edit.clips_from_silence(
                    recipe, assets, index, found[asset_id]
                ),
            )
        )

    def _find_sounds(self, use: "Callable[[dict[str, tuple[Stretch, ...]]], object]") -> None:
        info = self._bridge.engine
        if info is None or self._workspace.arrangement is None:
            return
        paths = LibraryPaths(info.library)
        used = {clip.asset_id for clip in self._workspace.project.recipe.clips}
        assets = [self._workspace.assets[key] for key in used]

        def take(found: "dict[str, tuple[Stretch, ...]]") -> None:
            use(found)

        self._background.run(lambda: find_all(assets, paths), take, self._tell)

    # --- dialogs --------------------------------------------------------------------------

    def _dialog(self, title: str, folder: str, names: str, *, saves: bool = True) -> QFileDialog:
        dialog = QFileDialog(self._window, title, self._memory.folder(folder), names)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mode = QFileDialog.AcceptMode
        dialog.setAcceptMode(mode.AcceptSave if saves else mode.AcceptOpen)
        if not saves:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        return dialog

    def _tell(self, error: CymaticError) -> None:
        self._notices.show_error(error)


def find_all(assets: list[Asset], paths: LibraryPaths) -> "dict[str, tuple[Stretch, ...]]":
    """Return where each asset sounds; on the pool."""
    from core.audio.pcm import open_pcm
    from core.audio.peaks import PeakPyramid
    from core.audio.silence import find_sounds

    return {
        asset.id: find_sounds(
            open_pcm(paths.pcm(asset.pcm.key), asset.pcm),
            PeakPyramid.open(paths.peaks(asset.pcm.key)),
        )
        for asset in assets
    }


def _suffix(text: str) -> str:
    """Return the ending that a filter of a file dialog names: wav of “WAV (*.wav)”."""
    return text.rpartition("*.")[2].rstrip(")") or "txt"
