"""Clips as a Qt table: a row each, told apart by the clip, so that an edit touches what it changed.

In: arrangements. Out: rows of `ClipView`; what was typed, as `ClipEdit`s.
"""

from collections.abc import Iterator, Mapping, Sequence
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
VIEW_ROLE = Qt.ItemDataRole.UserRole + 1
HUE_ROLE = Qt.ItemDataRole.UserRole + 2
MOST_RUNS = 40
"""More stretches of changed rows are announced as one."""
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

    # --- state ----------------------------------------------------------------------------

    def set_arrangement(
        self, arrangement: Arrangement, assets: Mapping[str, Asset], hues: Sequence[str] = ()
    ) -> None:
        """Show another state; rows of clips that stay keep their places and selection."""
        before = self._arrangement
        whole = (
            arrangement.sample_rate_hz != before.sample_rate_hz
            or dict(assets) != self._assets
            or (tuple(hues) != self._hues and len(arrangement.clips) == len(before.clips))
        )
        old, new = before.clips, arrangement.clips
        head = _same_head(old, new)
        tail = _same_tail(old, new, head)
        kept = min(len(old), len(new)) - tail
        none = QModelIndex()
        if len(new) > len(old):
            self.beginInsertRows(none, kept, len(new) - tail - 1)
            self._take(arrangement, assets, hues)
            self.endInsertRows()
        elif len(new) < len(old):
            self.beginRemoveRows(none, kept, len(old) - tail - 1)
            self._take(arrangement, assets, hues)
            self.endRemoveRows()
        else:
            self._take(arrangement, assets, hues)
        changed = range(len(new)) if whole else _changed(old, new, head, kept)
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, Column.MUTED))

    def _take(
        self, arrangement: Arrangement, assets: Mapping[str, Asset], hues: Sequence[str]
    ) -> None:
        self._arrangement, self._assets, self._hues = arrangement, dict(assets), tuple(hues)

    def view(self, row: int) -> ClipView:
        """Return the clip of a row."""
        return view_clip(self._arrangement, self._assets, row)

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
        if role == HUE_ROLE:
            row = index.row()
            return self._hues[row] if row < len(self._hues) else ""
        view = self.view(index.row())
        if role == VIEW_ROLE:
            return view
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
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        usual = super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled
        if index.column() == Column.MUTED:
            return usual
        if index.column() == Column.FADE_OUT and crosses_after(self.view(index.row())):
            return usual
        return usual | Qt.ItemFlag.ItemIsEditable

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


def _same_head(old: Sequence[PlacedClip], new: Sequence[PlacedClip]) -> int:
    """Return how many clips are the same from the first on."""
    count = 0
    for a, b in zip(old, new, strict=False):
        if a.clip is not b.clip and a.clip != b.clip:
            break
        count += 1
    return count


def _same_tail(old: Sequence[PlacedClip], new: Sequence[PlacedClip], head: int) -> int:
    """Return how many clips are the same from the last back, apart from the head."""
    count, most = 0, min(len(old), len(new)) - head
    for a, b in zip(reversed(old), reversed(new), strict=False):
        if count == most or (a.clip is not b.clip and a.clip != b.clip):
            break
        count += 1
    return count


def _changed(
    old: Sequence[PlacedClip], new: Sequence[PlacedClip], head: int, kept: int
) -> Iterator[int]:
    """Give the rows that read differently: rows from `kept` on have moved by the difference."""
    shift = len(old) - len(new)
    fresh = range(kept, kept + max(-shift, 0))
    for row, b in enumerate(new):
        if row in fresh:
            continue
        a = old[row] if row < kept else old[row + shift]
        ends = row + 1 < len(new) and row + 1 not in fresh
        after = old[row + 1 if row + 1 < kept else row + 1 + shift] if ends else None
        if (
            (head <= row < kept)
            or a.start != b.start
            or a.stop != b.stop
            or a.overlap != b.overlap
            or (after is not None and after.overlap != new[row + 1].overlap)
            or (after is None and row + 1 < len(new))
        ):
            yield row


def _runs(rows: range | Iterator[int]) -> list[tuple[int, int]]:
    """Return ascending rows as stretches (first, last)."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs if len(runs) <= MOST_RUNS else [(runs[0][0], runs[-1][1])]
