"""Requests about the library as a whole: how much it holds, whether all is well, backups."""

import asyncio
from dataclasses import dataclass

from core.engine.asset_requests import write_whole
from core.engine.parts import Parts
from core.engine.protocol import BackupLibrary, CheckLibrary, GetStats
from core.engine.replies import ExportedFiles, LibraryCheck, LibraryFault, LibraryStats
from core.engine.routes import Answers
from core.library.check import Expected, Finding, check_files, measure
from core.store.database import copy_database
from core.store.tables import now


@dataclass(frozen=True, slots=True)
class LibraryRequests:
    """Answers what is asked about the library."""

    parts: Parts

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {GetStats: self.stats, CheckLibrary: self.check, BackupLibrary: self.backup}

    async def stats(self, request: GetStats) -> LibraryStats:
        """Return how much the library holds."""
        sizes, free_bytes = await asyncio.to_thread(measure, self.parts.paths)
        return LibraryStats(
            path=self.parts.paths.root,
            assets=self.parts.assets.count(),
            projects=len(self.parts.projects.summaries()),
            jobs=self.parts.counts(),
            bytes_by_kind=sizes,
            free_bytes=free_bytes,
        )

    async def backup(self, request: BackupLibrary) -> ExportedFiles:
        """Copy the store."""
        stamp = now().strftime("%Y%m%d-%H%M%S-%f")
        target = self.parts.paths.backups / f"library-{stamp}.sqlite3"
        await asyncio.to_thread(copy_database, self.parts.paths.database, target)
        return ExportedFiles(paths=(target,))

    async def check(self, request: CheckLibrary) -> LibraryCheck:
        """Compare rows with files; mend what can be mended without losing anything."""
        faults = [
            LibraryFault(code="store", message=f"The database says: {text}.")
            for text in self.parts.database.faults()
        ]
        findings, n_files = await asyncio.to_thread(check_files, self.parts.paths, self._expected())
        for finding in findings:
            repaired = request.repair and self._repair(finding)
            faults.append(
                LibraryFault(
                    code=finding.code,
                    message=finding.message,
                    path=finding.path,
                    repaired=repaired,
                )
            )
        return LibraryCheck(faults=tuple(faults), files_checked=n_files)

    def _expected(self) -> Expected:
        return Expected(
            assets=tuple(self.parts.assets.all()),
            projects=tuple(
                self.parts.projects.get(project_id)
                for project_id, _, _ in self.parts.projects.summaries()
            ),
            outputs=tuple(self.parts.outputs.published()),
        )

    def _repair(self, finding: Finding) -> bool:
        """Mend one fault; return whether it is mended."""
        if finding.document is not None:
            write_whole(finding.path, finding.document)
            return True
        if finding.asset is not None and self.parts.assets.by_sha256(finding.asset.sha256) is None:
            self.parts.assets.put(finding.asset)
            self.parts.events.asset(finding.asset)
            return True
        if finding.orphan:
            place = self.parts.paths.trash / finding.path.relative_to(self.parts.paths.root)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                finding.path.rename(place)
                return True
        return False
