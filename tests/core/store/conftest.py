import pytest

from core.ids import new_id
from core.ingest.sources import AudioFile
from core.jobs.model import IngestParams
from core.paths import LibraryPaths
from core.store.database import open_database
from core.store.job_lists import JobLists
from core.store.job_views import JobReader
from core.store.jobs import JobStore, NewJob


class Shelf:
    """An open store with its writer, its readers, and what they announced."""

    def __init__(self, root):
        self.paths = LibraryPaths(root)
        root.mkdir(exist_ok=True)
        self.database = open_database(self.paths)
        self.reader = JobReader(self.database)
        self.events = []
        self.jobs = JobStore(self.database, self.reader, self.events.append)
        self.lists = JobLists(self.database, self.reader)

    def add(self, title="song.wav", params=None, **fields):
        job_id = fields.pop("id", None) or new_id()
        params = params or IngestParams(source=AudioFile(path=self.paths.root / title))
        self.jobs.submit(NewJob(id=job_id, title=title, params=params, **fields))
        return job_id

    def close(self):
        self.database.close()


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()
