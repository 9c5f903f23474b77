"""Clips as a Qt table: a row each, told apart by the clip, so that an edit touches what it changed.

In: arrangements. Out: rows of `ClipView`; what was typed, as `ClipEdit`s.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import override

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.recipe import Clip
from core.library.model import Asset
from desktop.editor.clip_fields import (
    EDIT_TEXTS,
    ClipEdit,
    ClipField,
    ClipValue,
    ClipView,
    FieldValue,
    fade_words,
    gain_words,
    moment_words,
    percent_words,
    view_clip,
)

MIME = "application/x-cymatic-clips"
MOST_RUNS = 40
"""More stretches of changed rows are announced as one."""
PLAIN = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
TYPED = PLAIN | Qt.ItemFlag.ItemIsEditable
Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """What stands where."""

    NAME = 0
    POSITION = 1
    START = 2
    END = 3
    LENGTH = 4
    GAIN = 5
    FADE_IN = 6
    FADE_OUT = 7
    MUTED = 8


HEADERS = {
    Column.NAME: "Clip",
    Column.POSITION: "At",
    Column.START: "In",
    Column.END: "Out",
    Column.LENGTH: "Length",
    Column.GAIN: "Gain",
    Column.FADE_IN: "Fade in",
    Column.FADE_OUT: "Fade out",
    Column.MUTED: "Mute",
}
HEADER_TIPS = {
    Column.POSITION: "Where the clip begins in the mix",
    Column.START: "Where the clip begins in its track",
    Column.END: "Where the clip ends in its track",
}
FIELDS = {
    Column.NAME: ClipField.NAME,
    Column.POSITION: ClipField.POSITION,
    Column.START: ClipField.START,
    Column.END: ClipField.END,
    Column.LENGTH: ClipField.LENGTH,
    Column.GAIN: ClipField.GAIN,
    Column.FADE_IN: ClipField.FADE_IN,
    Column.FADE_OUT: ClipField.FADE_OUT,
    Column.MUTED: ClipField.MUTED,
}


def field_of(column: int, view: ClipView) -> ClipField:
    """Return what a cell sets: where the clip crosses the one before, its crossfade."""
    if column == Column.FADE_IN and view.placed.overlap:
        return ClipField.CROSSFADE
    return FIELDS[Column(column)]


def crosses_after(view: ClipView) -> bool:
    """Return whether the clip's end is the crossfade that the next row tells of."""
    return view.after is not None and view.after.overlap > 0


def cell_words(column: int, view: ClipView) -> str:
    """Return what a cell says."""
    match column:
        case Column.NAME:
            return view.name
        case Column.POSITION:
            return moment_words(view.position_s)
        case Column.START:
            return moment_words(view.start_s)
        case Column.END:
            return moment_words(view.end_s)
        case Column.LENGTH:
            return moment_words(view.length_s)
        case Column.GAIN:
            return gain_words(view.clip.gain)
        case Column.FADE_IN:
            return fade_words(view.crossfade_in_s or view.clip.fade_in_s)
        case Column.FADE_OUT:
            return fade_words(view.crossfade_out_s or view.clip.fade_out_s)
        case _:
            return "Muted" if view.clip.muted else ""


def cell_tip(column: int, view: ClipView) -> str:
    """Return what more there is to say of a cell."""
    match column:
        case Column.NAME:
            from_track = f"from “{view.asset.title}”" if view.clip.name else ""
            return "\n".join(filter(None, (view.name, from_track)))
        case Column.GAIN:
            return percent_words(view.clip.gain)
        case Column.FADE_IN if view.placed.overlap:
            return "Crossfade with the clip before"
        case Column.FADE_OUT if crosses_after(view):
            return "Crossfade with the clip after; set it there"
        case Column.MUTED:
            return "Unmute" if view.clip.muted else "Mute"
        case _:
            return ""


class ClipModel(QAbstractTableModel):
    """One row per clip of the mix, in its order.

    Signals
    -------
    values_requested : ClipEdit
    """

    values_requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrangement = Arrangement(clips=(), sample_rate_hz=48_000, n_samples=0, starts=())
        self._assets: Mapping[str, Asset] = {}
        self._hues: tuple[str, ...] = ()
        self._clips: list[Clip] = []
        self._keys: list[tuple[int, int, int]] = []

    # --- state ----------------------------------------------------------------------------

    def set_arrangement(
        self, arrangement: Arrangement, assets: Mapping[str, Asset], hues: Sequence[str] = ()
    ) -> None:
        """Show another state; rows of clips that stay keep their places and selection."""
        before, keys = self._arrangement, _keys(arrangement.clips)
        whole = (
            arrangement.sample_rate_hz != before.sample_rate_hz
            or dict(assets) != self._assets
            or (tuple(hues) != self._hues and len(arrangement.clips) == len(before.clips))
        )
        old, new = self._clips, [placed.clip for placed in arrangement.clips]
        head = _same(old, new)
        tail = min(_same(old[::-1], new[::-1]), min(len(old), len(new)) - head)
        kept = min(len(old), len(new)) - tail
        changed = range(len(new)) if whole else _changed(self._keys, keys, head, kept)
        none = QModelIndex()
        if len(new) > len(old):
            self.beginInsertRows(none, kept, len(new) - tail - 1)
        elif len(new) < len(old):
            self.beginRemoveRows(none, kept, len(old) - tail - 1)
        self._arrangement, self._assets, self._hues = arrangement, dict(assets), tuple(hues)
        self._clips, self._keys = new, keys
        if len(new) > len(old):
            self.endInsertRows()
        elif len(new) < len(old):
            self.endRemoveRows()
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, Column.MUTED))

    def view(self, row: int) -> ClipView:
        """Return the clip of a row."""
        return view_clip(self._arrangement, self._assets, row)

    def hue(self, row: int) -> str:
        """Return the colour token of a row, empty: its track's."""
        return self._hues[row] if row < len(self._hues) else ""

    @property
    def longest_s(self) -> float:
        """The latest time that any cell shows."""
        used = {placed.clip.asset_id for placed in self._arrangement.clips}
        longest_s = max((self._assets[key].duration_s for key in used), default=0.0)
        return max(self._arrangement.duration_s, longest_s)

    def request(self, row: int, field: ClipField, value: FieldValue) -> None:
        """Ask for a change of one clip."""
        text = EDIT_TEXTS[field]
        if field is ClipField.MUTED and not value:
            text = "Unmute clip"
        values = (ClipValue(index=row, field=field, value=value),)
        self.values_requested.emit(ClipEdit(values=values, text=text))

    def toggle_mute(self, row: int) -> None:
        """Ask for a clip's sound to be heard, or not."""
        self.request(row, ClipField.MUTED, not self.view(row).clip.muted)

    # --- Qt -------------------------------------------------------------------------------

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._arrangement.clips)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(Column)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        view = self.view(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_words(index.column(), view)
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_tip(index.column(), view)
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADER_TIPS.get(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight
            if column is Column.NAME:
                side = Qt.AlignmentFlag.AlignLeft
            elif column is Column.MUTED:
                side = Qt.AlignmentFlag.AlignHCenter
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        column = index.column()
        if column < 0:
            return Qt.ItemFlag.ItemIsDropEnabled
        if column == Column.MUTED:
            return PLAIN
        if column == Column.FADE_OUT and crosses_after(self.view(index.row())):
            return PLAIN
        return TYPED

    @override
    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    @override
    def mimeTypes(self) -> list[str]:
        return [MIME]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        rows = sorted({index.row() for index in indexes})
        mime = QMimeData()
        mime.setData(MIME, " ".join(map(str, rows)).encode())
        return mime


def _keys(clips: Sequence[PlacedClip]) -> list[tuple[int, int, int]]:
    """Return what a row shows of where each clip lies."""
    return [(placed.start, placed.stop, placed.overlap) for placed in clips]


def _same(old: Sequence[Clip], new: Sequence[Clip]) -> int:
    """Return how many clips are the same from the first on."""
    pairs = enumerate(zip(old, new, strict=False))
    differs = (place for place, (a, b) in pairs if a is not b and a != b)
    return next(differs, min(len(old), len(new)))


def _changed(
    old: Sequence[tuple[int, int, int]],
    new: Sequence[tuple[int, int, int]],
    head: int,
    kept: int,
) -> list[int]:
    """Return the rows that read differently, apart from fresh ones.

    The first `head` clips are the same, up to `kept` they are others in the same rows, and from
    there on the same again, moved by as many rows as there are more.
    """
    more = len(new) - len(old)
    start = kept + max(more, 0)
    pairs = [
        *zip(range(kept), old, new, strict=False),
        *zip(range(start, len(new)), old[start - more :], new[start:], strict=True),
    ]
    moved = [row for row, a, b in pairs if a != b]
    others = {row - 1 for row, a, b in pairs if a[2] != b[2]}
    others.update(range(head, kept))
    if more:
        others.add(kept - 1)  # another clip comes after it, and may cross it
    others.discard(-1)
    return sorted(others.union(moved)) if others else moved


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending rows as stretches (first, last)."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs if len(runs) <= MOST_RUNS else [(runs[0][0], runs[-1][1])]
