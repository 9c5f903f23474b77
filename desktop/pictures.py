"""Pictures from disk: read and scaled on the pool, kept as pixmaps.

In: a path and a size. Out: a pixmap when it is there, a signal when it comes.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from core.errors import CymaticError, MediaError
from desktop.tasks import Background

KEPT = 300


@dataclass(frozen=True, slots=True)
class PictureKey:
    """A picture at a size; `stamp` tells a new file of the same name apart."""

    path: str
    width: int
    height: int
    stamp: str = ""


def read_image(path: Path, size: QSize | None = None) -> QImage:
    """Return an image, scaled to cover `size` (device pixels) when one is given.

    Raises MediaError when the file is no readable picture.
    """
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if size is not None and full.isValid():
        reader.setScaledSize(full.scaled(size, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        raise MediaError(f"The picture “{path.name}” cannot be read.", path=path)
    return image


class Pictures(QObject):
    """A cache of pictures.

    Signals
    -------
    ready : no payload, a picture that was asked for has come
    """

    ready = Signal()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._kept: OrderedDict[PictureKey, QPixmap] = OrderedDict()
        self._asked: set[PictureKey] = set()

    def picture(self, path: Path, size: QSize, stamp: str = "") -> QPixmap | None:
        """Return the picture scaled to cover `size` (device pixels), or start reading it."""
        key = PictureKey(str(path), size.width(), size.height(), stamp)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            self._background.run(
                lambda: read_image(path, size), lambda image: self._keep(key, image), _ignore
            )
        return found

    def _keep(self, key: PictureKey, image: QImage) -> None:
        self._asked.discard(key)
        self._kept[key] = QPixmap.fromImage(image)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit()


def _ignore(error: CymaticError) -> None:
    """Leave the quiet tile where a thumbnail cannot be read."""
