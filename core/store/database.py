"""Open the store: pragmas, version, damage, migration; one connection, one writer.

In: the library's paths. Out: a `Database` on the engine's event-loop thread. One connection is
all there is: two that write or checkpoint at once can corrupt SQLite 3.7.0 to 3.51.2
(sqlite.org, WAL-reset bug).
"""

import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.errors import LibraryError
from core.paths import LibraryPaths
from core.store import tables
from core.store.tables import SCHEMA_VERSION, TRIGGERS, metadata, now

_LOG = logging.getLogger(__name__)
_HEAD_REVISION = "0002"
_SURROUNDINGS = ("is locked", "unable to open", "readonly", "is full", "disk I/O")
"""What SQLite says when the file is well and its surroundings are not."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HINDRANCES = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_PERM,
)
"""The same two kinds of failure as result codes, of a store that is open (sqlite.org/rescode)."""
_CHECK_ON_OPEN_BYTES = 64 * 1024**2
"""Larger stores are not read whole at every start; `cymatic library check` reads them."""


class Database:
    """The open store. Reads see the last commit; `write` is one BEGIN IMMEDIATE transaction."""

    def __init__(self, connection: sa.Connection, engine: sa.Engine, path: Path) -> None:
        self._connection = connection
        self._engine = engine
        self._depth = 0
        self._after_commit: list[Callable[[], None]] = []
        self.path = path
        self._seq = 0
        self.generation = 0

    def rows(self, statement: sa.Executable) -> list[sa.Row[Any]]:
        """Return all rows of a query."""
        return list(self._connection.execute(statement).all())

    def row(self, statement: sa.Executable) -> sa.Row[Any] | None:
        """Return the first row of a query, if any."""
        return self._connection.execute(statement).first()

    def execute(self, statement: sa.Executable, values: Any = None) -> int:  # noqa: ANN401
        """Run a statement that writes, inside `write`; return how many rows it touched."""
        if not self._depth:
            raise LibraryError("A write outside a transaction.", code="bug")
        return self._connection.execute(statement, values).rowcount

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Run a transaction; one inside another joins it."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            if self._driver.in_transaction:  # a full or failing disk ended it already
                self._connection.exec_driver_sql("ROLLBACK")
            raise
        else:
            self._connection.exec_driver_sql("COMMIT")
        finally:
            self._depth = 0
            calls, self._after_commit = self._after_commit, []
        for call in calls:
            call()

    @property
    def _driver(self) -> sqlite3.Connection:
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call back once the transaction is committed; never when it is rolled back."""
        self._after_commit.append(call)

    def next_seq(self) -> int:
        """Return a number larger than any before it, in earlier runs of the engine too."""
        self._seq += 1
        return (self.generation << 32) | self._seq

    def get_meta(self, key: str, default: str = "") -> str:
        """Return a value of the meta table."""
        found = self.row(sa.select(tables.meta.c.value).where(tables.meta.c.key == key))
        return default if found is None else str(found[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set a value of the meta table."""
        self.execute(
            sa.text(
                "INSERT INTO meta (key, value) VALUES (:key, :value) "
                "ON CONFLICT (key) DO UPDATE SET value = :value"
            ),
            {"key": key, "value": value},
        )

    def start_generation(self) -> None:
        """Count this run of the engine: leases and event numbers of earlier runs end here."""
        with self.write():
            self.generation = int(self.get_meta("generation", "0")) + 1
            self.set_meta("generation", str(self.generation))

    def faults(self) -> list[str]:
        """Return what SQLite's own integrity check finds, nothing when all is well."""
        said = self._connection.exec_driver_sql("PRAGMA integrity_check").all()
        orphans = self._connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [str(row[0]) for row in said if row[0] != "ok"]
        return found + [f"row {row[1]} of {row[0]} refers to nothing" for row in orphans]

    def close(self) -> None:
        """Close the store."""
        self._connection.close()
        self._engine.dispose()


def copy_database(source: Path, target: Path) -> None:
    """Copy a store that may be open, through SQLite's backup; safe from any thread."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(f".{target.name}.part")
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as a,
        contextlib.closing(sqlite3.connect(hidden)) as b,
    ):
        a.backup(b)
    hidden.replace(target)


def open_database(paths: LibraryPaths) -> Database:
    """Open the store of a library, making or migrating it first where that is needed.

    Raises LibraryError when the store was written by a newer Cymatic (nothing is touched), or is
    damaged (it is copied aside and left as it is).
    """
    new = not paths.database.exists() or paths.database.stat().st_size == 0
    with reported_damage(paths):
        database = _connect(paths.database)
        try:
            _bring_up_to_date(database, paths, new=new)
            _check_after_crash(database)
            database.start_generation()
        except BaseException:
            database.close()
            raise
    return database


@contextlib.contextmanager
def reported_damage(paths: LibraryPaths) -> Iterator[None]:
    """Raise LibraryError for what SQLite says while the store is opened and first read.

    A damaged store is copied aside and left as it is.
    """
    try:
        yield
    except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
        if any(words in str(error) for words in _SURROUNDINGS):
            raise _hindered(paths, "opened", error) from error
        raise _damaged(paths, error) from error


@contextlib.contextmanager
def reported_faults(paths: LibraryPaths) -> Iterator[None]:
    """Raise LibraryError for damage, or a failing disk, met while the store is in use.

    Nothing is copied: what is written at the time could be torn. A statement that SQLite refuses
    for another reason is a bug of ours and passes as it is.
    """
    try:
        yield
    except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
        said = error.orig if isinstance(error, sa.exc.DatabaseError) else error
        code = getattr(said, "sqlite_errorcode", 0) & 0xFF  # the rest says where exactly
        if code in _HINDRANCES:
            raise _hindered(paths, "used", said) from error
        if code not in _DAMAGE:
            raise
        _LOG.error("the store is damaged: %s", said)
        hint = f"Nothing in it was changed. Close Cymatic, then {_advice(paths)}."
        raise _damage(paths, hint) from error


def _hindered(paths: LibraryPaths, verb: str, error: object) -> LibraryError:
    return LibraryError(
        f"The library's database {paths.database} cannot be {verb}: {error}.",
        hint="Check the folder's permissions and the free space on its disk.",
    )


def _connect(path: Path) -> Database:
    engine = sa.create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        poolclass=sa.pool.NullPool,
        connect_args={"timeout": 10.0},
    )
    connection = engine.connect()
    # FULL: what was answered is on the disk, also when the power goes.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    return Database(connection, engine, path)


def _bring_up_to_date(database: Database, paths: LibraryPaths, *, new: bool) -> None:
    if new:
        create_schema(database)
        return
    version = int(database.get_meta("schema_version", "0"))
    if version > SCHEMA_VERSION:
        raise LibraryError(
            f"The library at {paths.root} was written by a newer Cymatic.",
            code="newer-library",
            hint="Install that version or a later one. Nothing was changed.",
        )
    if version < SCHEMA_VERSION:
        stamp = now().strftime("%Y%m%d-%H%M%S")
        copy_database(paths.database, paths.backups / f"before-migration-{stamp}.sqlite3")
        # alembic takes a quarter of a second to import, and is needed once per upgrade.
        from core.store.migrations import migrate

        migrate(database._connection)
        with database.write():
            database.set_meta("schema_version", str(SCHEMA_VERSION))


def create_schema(database: Database) -> None:
    """Make all tables of a new store, marked as what the last migration would leave."""
    with database.write():
        metadata.create_all(database._connection, checkfirst=False)
        for trigger in TRIGGERS:
            database._connection.exec_driver_sql(trigger)
        database._connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        database._connection.exec_driver_sql(
            f"INSERT INTO alembic_version VALUES ('{_HEAD_REVISION}')"
        )
        database.set_meta("schema_version", str(SCHEMA_VERSION))


def _check_after_crash(database: Database) -> None:
    """Read a small store whole when the last run did not end in order."""
    clean = database.get_meta("clean", "1") == "1"
    if not clean and database.path.stat().st_size <= _CHECK_ON_OPEN_BYTES:
        said = database._connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if said != "ok":
            raise sqlite3.DatabaseError(str(said))
    with database.write():
        database.set_meta("clean", "0")


def mark_clean(database: Database) -> None:
    """Note that the engine stopped in order."""
    with database.write():
        database.set_meta("clean", "1")


def _damaged(paths: LibraryPaths, error: Exception) -> LibraryError:
    """Copy a damaged store aside (once per state of it) and say so; never touch it."""
    state = paths.database.stat()
    copy = paths.backups / f"damaged-{state.st_size}-{state.st_mtime_ns}.sqlite3"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(paths.database, copy)
    _LOG.error("the store is damaged: %s", error)
    advice = _advice(paths)
    return _damage(
        paths, f"It was left as it is and copied to {copy}. Close Cymatic, then {advice}."
    )


def _damage(paths: LibraryPaths, hint: str) -> LibraryError:
    return LibraryError(
        f"The library's database {paths.database} is damaged.",
        code="damaged-library",
        path=paths.database,
        hint=hint,
    )


def _advice(paths: LibraryPaths) -> str:
    """Return what to do about a damaged store, as the end of a sentence."""
    kept = sorted(path.name for path in paths.backups.glob("*.sqlite3"))
    good = [name for name in kept if not name.startswith("damaged-")]
    return f"put {paths.backups / good[-1]} in its place" if good else "move it away"
