import re
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from core.errors import LibraryError
from core.paths import LibraryPaths
from core.store import tables
from core.store.database import copy_database, mark_clean, open_database, reported_damage


def _pragma(database, name):
    return database.row(sa.text(f"PRAGMA {name}"))[0]


def _schema(path):
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: re.sub(r"[\s\"]+", "", sql) for name, sql in rows}


def _set_version(path, version):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [version])
        connection.commit()


@pytest.fixture
def paths(tmp_path):
    return LibraryPaths(tmp_path)


def test_a_new_store_is_durable_and_keeps_its_references(paths):
    database = open_database(paths)
    assert _pragma(database, "journal_mode") == "wal"
    assert _pragma(database, "synchronous") == 2  # FULL
    assert _pragma(database, "foreign_keys") == 1
    database.close()


def test_migrations_make_the_same_tables_as_the_program_expects(paths, tmp_path):
    open_database(paths).close()
    migrated = tmp_path / "migrated.sqlite3"
    engine = sa.create_engine(
        f"sqlite:///{migrated}", isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )
    from core.store.migrations import migrate

    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
    assert _schema(migrated) == _schema(paths.database)


def test_a_migration_copies_the_store_first_and_keeps_its_rows(paths, monkeypatch):
    database = open_database(paths)
    with database.write():
        database.set_meta("kept", "yes")
    database.close()
    monkeypatch.setattr("core.store.database.SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
    database = open_database(paths)
    assert database.get_meta("kept") == "yes"
    assert database.get_meta("schema_version") == str(tables.SCHEMA_VERSION + 1)
    database.close()
    (copy,) = paths.backups.glob("before-migration-*.sqlite3")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone() == (
            "yes",
        )


def test_a_store_of_the_first_version_counts_its_jobs_by_kind(paths):
    engine = sa.create_engine(
        f"sqlite:///{paths.database}", isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )
    from core.store.migrations import migrate

    with engine.connect() as connection:
        migrate(connection, "0001")
        connection.exec_driver_sql("INSERT INTO meta VALUES ('schema_version', '1')")
        for number, kind in enumerate(("ingest", "ingest", "frame")):
            connection.exec_driver_sql(
                "INSERT INTO jobs (id, kind, title, status, list_rank, max_attempts, position, "
                "lane, created_at, params) VALUES (?, ?, '', 'queued', 1, 3, 0, 'cpu', 0, '{}')",
                (str(number), kind),
            )
    engine.dispose()
    database = open_database(paths)
    rows = database.rows(sa.select(tables.job_counts).order_by(tables.job_counts.c.kind))
    assert [tuple(row) for row in rows] == [("frame", "queued", 1), ("ingest", "queued", 2)]
    assert database.faults() == []
    database.close()


def test_a_newer_library_is_refused_and_not_touched(paths):
    open_database(paths).close()
    _set_version(paths.database, "999")
    before = paths.database.read_bytes()
    with pytest.raises(LibraryError, match="newer Cymatic") as caught:
        open_database(paths)
    assert caught.value.code == "newer-library"
    assert paths.database.read_bytes() == before


@pytest.mark.parametrize("where", [0, 4096 * 3])
def test_a_damaged_library_is_reported_copied_and_left_as_it_is(paths, where):
    open_database(paths).close()
    data = bytearray(paths.database.read_bytes())
    data[where : where + 4000] = b"\xa5" * 4000
    paths.database.write_bytes(data)
    for _ in range(2):  # a second try makes no second copy
        with pytest.raises(LibraryError, match="damaged") as caught:
            open_database(paths)
        assert caught.value.code == "damaged-library"
    assert paths.database.read_bytes() == data
    (copy,) = paths.backups.glob("damaged-*.sqlite3")
    assert copy.read_bytes() == data


def test_a_file_that_is_no_database_is_reported_as_damaged(paths):
    paths.database.write_text("this is a letter, not a library " * 100)
    with pytest.raises(LibraryError, match="damaged"):
        open_database(paths)


def test_the_newest_backup_is_named_when_a_library_is_damaged(paths):
    open_database(paths).close()
    copy_database(paths.database, paths.backups / "library-1.sqlite3")
    paths.database.write_bytes(b"\xa5" * 8192)
    with pytest.raises(LibraryError) as caught:
        open_database(paths)
    assert "library-1.sqlite3" in caught.value.hint


def test_numbers_rise_across_runs(paths):
    last = 0
    for _ in range(3):
        database = open_database(paths)
        for _ in range(5):
            number = database.next_seq()
            assert number > last
            last = number
        mark_clean(database)
        database.close()


def test_a_failed_transaction_leaves_nothing_and_tells_nobody(paths):
    database = open_database(paths)
    told = []

    def fail():
        with database.write():
            database.set_meta("half", "done")
            database.after_commit(lambda: told.append("half"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert database.get_meta("half") == ""
    with database.write():
        database.after_commit(lambda: told.append("whole"))
    assert told == ["whole"]
    database.close()


def test_writing_outside_a_transaction_is_refused(paths):
    database = open_database(paths)
    with pytest.raises(LibraryError, match="transaction"):
        database.set_meta("key", "value")
    database.close()


def test_damage_that_shows_only_when_a_table_is_read_is_reported_too(paths):
    database = open_database(paths)
    (page,) = database.row(sa.text("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'"))
    size = _pragma(database, "page_size")
    mark_clean(database)
    database.close()
    with paths.database.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xa5" * size)
    database = open_database(paths)  # it stopped in order, so it is not read whole
    with pytest.raises(LibraryError, match="damaged"), reported_damage(paths):
        database.rows(sa.select(tables.jobs))
    database.close()
    assert list(paths.backups.glob("damaged-*.sqlite3"))
