"""The colours of the picture of clips: a small table, because the picture is an indexed one.

In: the theme. Out: a table of 256 colours; entry `slot * ROLES + role`, a slot for each hue and
state of a clip.
"""

from enum import IntEnum
from functools import lru_cache

from PySide6.QtGui import QColor

from desktop import theme


class Role(IntEnum):
    """What a pixel of a clip is."""

    BODY = 0
    TAKEN = 1
    """Sound that a fade takes away."""
    PEAK = 2
    ENERGY = 3
    HEAD = 4
    EDGE = 5
    MIDDLE = 6
    CROSS = 7
    """Body where two clips cross."""


ROLES = 8
HUES = (*theme.TRACK_HUES, "tx3")
"""The last one is for clips that are muted."""
MUTED = len(HUES) - 1
GAP_SLOT = len(HUES) * 4
TABLE_SIZE = 256


def slot(hue: int, *, selected: bool, outside: bool) -> int:
    """Return the slot of a clip; `outside` of the stretch that is rendered."""
    return hue * 4 + 2 * selected + outside


def hue_number(name: str) -> int:
    """Return the number of a hue by its colour token."""
    return HUES.index(name) if name in HUES else 0


@lru_cache(maxsize=4)
def color_table() -> tuple[int, ...]:
    """Return the colours (0xAARRGGBB) of every slot and role."""
    table = [theme.color("bg0").rgba()] * TABLE_SIZE
    for number, hue in enumerate(HUES):
        for selected in (False, True):
            for outside in (False, True):
                first = slot(number, selected=selected, outside=outside) * ROLES
                for role, color in _clip_colors(hue, selected=selected).items():
                    shown = _mixed(color, theme.color("bg1"), 0.34) if outside else color
                    table[first + role] = shown.rgba()
    return tuple(table)


def _clip_colors(hue: str, *, selected: bool) -> dict[Role, QColor]:
    full, ground = theme.color(hue), theme.color("bg1")
    if hue == HUES[MUTED]:
        full = theme.color("line2").lighter(125)
    deep = QColor.fromHslF(full.hslHueF(), full.hslSaturationF() * 0.62, full.lightnessF() * 0.66)
    body = _mixed(full, ground, 0.18 if selected else 0.1)
    return {
        Role.BODY: body,
        Role.TAKEN: _mixed(full, ground, 0.3),
        Role.PEAK: deep,
        Role.ENERGY: full,
        Role.HEAD: _mixed(full, ground, 0.92 if selected else 0.42),
        Role.EDGE: full if selected else _mixed(full, ground, 0.55),
        Role.MIDDLE: _mixed(full, ground, 0.45),
        Role.CROSS: _mixed(full, ground, 0.26),
    }


def _mixed(over: QColor, under: QColor, share: float) -> QColor:
    """Return `share` of one colour over the rest of another."""
    return QColor.fromRgbF(
        over.redF() * share + under.redF() * (1 - share),
        over.greenF() * share + under.greenF() * (1 - share),
        over.blueF() * share + under.blueF() * (1 - share),
    )
