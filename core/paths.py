"""Where everything of a library lies on disk (DESIGN §4, storage keys)."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LibraryPaths:
    """The folders and files of one library, all under `root`; nothing here touches the disk."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite store."""
        return self.root / "library.sqlite3"

    @property
    def lock(self) -> Path:
        """The file whose OS lock says which engine holds the library."""
        return self.root / "engine.lock"

    @property
    def endpoint(self) -> Path:
        """Where the engine wrote its port and token (mode 0600)."""
        return self.root / "engine.json"

    @property
    def settings(self) -> Path:
        """The library's settings."""
        return self.root / "settings.json"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.root / "logs"

    @property
    def backups(self) -> Path:
        """Copies of the store made before migrations and repairs."""
        return self.root / "backups"

    @property
    def trash(self) -> Path:
        """Files of deleted assets until they are swept."""
        return self.root / "trash"

    def staging(self, job_id: str) -> Path:
        """Return the folder in which one job writes until its outputs are published."""
        return self.root / "staging" / job_id

    def original(self, sha256: str, name: str) -> Path:
        """Return the place of an original."""
        return self.root / "originals" / sha256 / name

    def asset_document(self, asset_id: str) -> Path:
        """Return the asset's sidecar: everything needed to rebuild its row."""
        return self.root / "assets" / f"{asset_id}.json"

    def cover(self, sha256: str) -> Path:
        """Return the cover art (PNG) embedded in an original."""
        return self.root / "assets" / f"{sha256}.cover.png"

    def pcm(self, key: str) -> Path:
        """Return the raw PCM cache of a source."""
        return self.root / "pcm" / f"{key}.pcm"

    def peaks(self, key: str) -> Path:
        """Return the peak pyramid of a source."""
        return self.root / "peaks" / key

    def recipe(self, key: str) -> Path:
        """Return a stored recipe."""
        return self.root / "recipes" / f"{key}.json"

    def prepared(self, key: str) -> Path:
        """Return a mixdown."""
        return self.root / "prepared" / f"{key}.flac"

    def features(self, key: str) -> Path:
        """Return an analysis."""
        return self.root / "features" / key

    def project(self, project_id: str) -> Path:
        """Return a project's autosaved document."""
        return self.root / "projects" / f"{project_id}.json"

    def render(self, job_id: str) -> Path:
        """Return the folder of one render."""
        return self.root / "renders" / job_id

    def segments(self, key: str) -> Path:
        """Return the folder of the segments of one plan with one encoder."""
        return self.root / "segments" / key

    def still(self, key: str) -> Path:
        """Return a cached preview still."""
        return self.root / "stills" / f"{key}.png"
