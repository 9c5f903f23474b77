"""The tempo row: what was found, halved, doubled, typed in, or put back.

In: the track's tempo and the project's correction. Out: another correction.
"""

from contextlib import suppress

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from core.analysis.beat_edit import MAX_DOUBLINGS, BeatEdit, parse_beats
from core.errors import UsageError
from desktop.widgets import label, row, text_button, tool_button
from desktop.words import tempo_words

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
UNIT = " BPM"


def corrected_bpm(found_bpm: float | None, edit: BeatEdit) -> float | None:
    """Return the tempo that a track has under a correction."""
    bpm = found_bpm if edit.bpm is None else edit.bpm
    return None if bpm is None else bpm * 2.0**edit.doublings


class TempoRow(QWidget):
    """One line: the tempo to read and type, ÷2, ×2, and the way back.

    Signals
    -------
    beats_picked : BeatEdit
    tempo_shown : float or None, beats a minute after the correction
    """

    beats_picked = Signal(object)
    tempo_shown = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._edit = BeatEdit()
        self._found_bpm: float | None = None
        self.number = QLineEdit()
        self.number.setAccessibleName("Tempo in beats a minute")
        self.number.setToolTip("Type a tempo, or a tempo and a first beat: 128@0.35")
        self.number.setFixedWidth(96)
        self.half = text_button("÷2", "Half the tempo")
        self.double = text_button("×2", "Twice the tempo")
        self.reset = tool_button("rotate-ccw", "Back to the tempo that was found", size=14)
        caption = label("Tempo", "muted")
        caption.setBuddy(self.number)
        self.setLayout(
            row(caption, None, self.reset, self.half, self.double, self.number, spacing=4)
        )
        self.number.editingFinished.connect(self._on_typed)
        self.half.clicked.connect(lambda: self._pick(doublings=self._edit.doublings - 1))
        self.double.clicked.connect(lambda: self._pick(doublings=self._edit.doublings + 1))
        self.reset.clicked.connect(lambda: self.beats_picked.emit(BeatEdit()))

    def show_beats(self, edit: BeatEdit, found_bpm: float | None, *, ready: bool) -> None:
        """Show a track's tempo; `ready`: its beats have been looked for."""
        self._edit, self._found_bpm = edit, found_bpm
        bpm = corrected_bpm(found_bpm, edit)
        self.number.setEnabled(ready)
        self.number.setText(f"{tempo_words(bpm)}{UNIT}" if bpm else "")
        self.number.setPlaceholderText("no steady beat" if ready else "")
        self.number.setCursorPosition(0)
        self.half.setEnabled(
            bpm is not None and bpm / 2 >= SLOWEST_BPM and edit.doublings > -MAX_DOUBLINGS
        )
        self.double.setEnabled(
            bpm is not None and bpm * 2 <= FASTEST_BPM and edit.doublings < MAX_DOUBLINGS
        )
        self.reset.setVisible(edit != BeatEdit())
        self.tempo_shown.emit(bpm)

    def _pick(self, *, doublings: int) -> None:
        self.beats_picked.emit(msgspec.structs.replace(self._edit, doublings=doublings))

    def _on_typed(self) -> None:
        text = self.number.text().strip()
        words = text.upper().removesuffix(UNIT.strip()).strip().replace(",", ".")
        shown = corrected_bpm(self._found_bpm, self._edit)
        if words != (tempo_words(shown) if shown else ""):
            with suppress(UsageError):
                self.beats_picked.emit(parse_beats(words))
        self.show_beats(self._edit, self._found_bpm, ready=self.number.isEnabled())
