"""What can be dropped into the mix: assets of the library, files, links.

In: MIME data. Out: asset ids, or the texts that intake understands.
"""

from PySide6.QtCore import QMimeData

from desktop.intake import texts_of

ASSET_MIME = "application/x-cymatic-assets"
"""Ids of assets, one a line, in UTF-8."""


def asset_mime(asset_ids: list[str]) -> QMimeData:
    """Return assets as they are dragged from the library."""
    mime = QMimeData()
    mime.setData(ASSET_MIME, "\n".join(asset_ids).encode())
    return mime


def dropped_texts(mime: QMimeData) -> tuple[str, ...]:
    """Return what is dropped: asset ids where there are any, else paths and links."""
    if mime.hasFormat(ASSET_MIME):
        lines = mime.data(ASSET_MIME).toStdString().splitlines()
        return tuple(line for line in lines if line)
    return tuple(texts_of(mime))
