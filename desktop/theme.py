"""The look: colour tokens from resources/themes, turned into a palette and a style sheet.

In: a theme file (colour tokens) and the style sheet template. Out: a styled application and the
colours and fonts that custom painting asks for. Another theme is another token file.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from PySide6.QtCore import QByteArray, QDir, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
TRACK_HUES = ("violet", "teal", "blue", "rose", "amber")
_STROKE = 'stroke-width="1.75"'


class ThemeFile(msgspec.Struct, frozen=True, kw_only=True):
    """A theme as it lies on disk."""

    name: str
    title: str
    is_dark: bool
    colors: dict[str, str]


@dataclass(frozen=True, slots=True)
class Theme:
    """The tokens of one theme."""

    name: str
    is_dark: bool
    tokens: dict[str, str]

    def color(self, name: str, alpha: int = 255) -> QColor:
        """Return the colour of a token, with `alpha` 0 to 255."""
        color = QColor(self.tokens[name])
        color.setAlpha(alpha)
        return color

    def track_hue(self, identity: str) -> str:
        """Return the token that colours a track, always the same for the same id."""
        return TRACK_HUES[sum(identity.encode()) % len(TRACK_HUES)]


@lru_cache(maxsize=4)
def load_theme(name: str = "dark") -> Theme:
    """Return the theme called `name`."""
    data = (RESOURCES / "themes" / f"{name}.json").read_bytes()
    file = msgspec.json.decode(data, type=ThemeFile)
    return Theme(name=file.name, is_dark=file.is_dark, tokens=file.colors)


def color(name: str, alpha: int = 255) -> QColor:
    """Return a colour of the theme in use."""
    return load_theme().color(name, alpha)


def font(pixels: int = 13, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the interface font with figures of equal width, so that numbers do not dance."""
    result = QFont("Inter")
    result.setPixelSize(pixels)
    result.setWeight(weight)
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


@lru_cache(maxsize=512)
def pixmap(name: str, token: str = "tx2", size: int = 16, ratio: float = 1.0) -> QPixmap:
    """Return an icon drawn in a theme colour. `size` in logical pixels."""
    svg = (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    svg = svg.replace("currentColor", load_theme().tokens[token])
    svg = svg.replace('stroke-width="2"', _STROKE)
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def icon(name: str, token: str = "tx2", *, active: str = "tx", checked: str = "accent") -> QIcon:
    """Return an icon with its hover, checked and disabled forms, sharp on dense screens."""
    result = QIcon()
    for ratio in (1.0, 2.0):
        for mode, state, ink in (
            (QIcon.Mode.Normal, QIcon.State.Off, token),
            (QIcon.Mode.Active, QIcon.State.Off, active),
            (QIcon.Mode.Normal, QIcon.State.On, checked),
            (QIcon.Mode.Disabled, QIcon.State.Off, "line2"),
        ):
            result.addPixmap(pixmap(name, ink, 16, ratio), mode, state)
    return result


@lru_cache(maxsize=2)
def logo(size: int = 26, ratio: float = 2.0) -> QPixmap:
    """Return the mark: four bars on a warm to violet field."""
    image = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(RESOURCES / "icons" / "cymatic.svg")).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def apply(app: QApplication, name: str = "dark") -> None:
    """Give the application its fonts, palette and style sheet."""
    theme = load_theme(name)
    for file in sorted((RESOURCES / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(file))
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(_palette(theme))
    QDir.setSearchPaths("icon", [str(RESOURCES / "icons")])
    app.setStyleSheet(_style_sheet(theme))
    QGuiApplication.setWindowIcon(QIcon(str(RESOURCES / "icons" / "cymatic.svg")))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for key, token in (
        (role.Window, "bg1"),
        (role.Base, "bg0"),
        (role.AlternateBase, "bg2"),
        (role.Button, "bg3"),
        (role.Text, "tx"),
        (role.WindowText, "tx"),
        (role.ButtonText, "tx"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.PlaceholderText, "tx3"),
        (role.ToolTipBase, "bg4"),
        (role.ToolTipText, "tx"),
        (role.Link, "accent2"),
        (role.Accent, "accent"),
    ):
        palette.setColor(key, theme.color(token))
    for key in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, theme.color("tx3"))
    return palette


def _style_sheet(theme: Theme) -> str:
    words = dict(theme.tokens)
    for chevron in ("chevron-down", "chevron-up"):
        words[chevron.replace("-", "_")] = f"icon:{chevron}-{theme.name}.svg"
    template = (RESOURCES / "themes" / "window.qss").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)", lambda match: words[match[1]], template)
