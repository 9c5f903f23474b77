"""The tables of the store, as SQLAlchemy Core sees them; `migrations/` makes the same ones.

Times are integers: microseconds since the epoch, UTC. Values of the model are JSON text.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

SCHEMA_VERSION = 2
"""Raised with every migration. A store with a larger number is from a newer Cymatic."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC time, kept as microseconds since the epoch."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Return what SQLite keeps."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """Return the time."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def now() -> datetime:
    """Return the time to put into a row."""
    return datetime.now(UTC)


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("list_rank", sa.Integer, nullable=False),  # 0 running, 1 queued, 2 ended
    sa.Column("held", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("stage", sa.String, nullable=False, server_default=""),
    sa.Column("progress", sa.Float, nullable=False, server_default="0"),
    sa.Column("fps", sa.Float),
    sa.Column("eta_s", sa.Float),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("retry_of", sa.String),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("position", sa.Float, nullable=False),
    sa.Column("lane", sa.String, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("finished_at", UtcTime),
    sa.Column("params", sa.String, nullable=False),
    sa.Column("result", sa.String),
    sa.Column("error", sa.String),
    sa.Column("facts", sa.String, nullable=False, server_default="{}"),
    sa.Column("source_asset", sa.String),
    sa.Column("source_recipe", sa.String),
    sa.Column("source_project", sa.String),
    sa.Column("output_path", sa.String),
    sa.Column("pending_result", sa.String),  # committed with the intents, before the renames
    sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_generation", sa.Integer),  # the engine run that holds the lease
    sa.Column("worker_pid", sa.Integer),
    sa.Column("worker_started", sa.Float),
    sa.CheckConstraint(
        "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"
    ),
    sa.CheckConstraint("(status = 'running') = (lease_generation IS NOT NULL)", name="lease"),
    sa.CheckConstraint(
        "(status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="finished"
    ),
    sa.CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_says_why"),
)
sa.Index("ix_jobs_list", jobs.c.list_rank, jobs.c.id.desc())
sa.Index("ix_jobs_kind", jobs.c.kind, jobs.c.list_rank, jobs.c.id.desc())
sa.Index("ix_jobs_status", jobs.c.status, jobs.c.id.desc())
sa.Index("ix_jobs_source_asset", jobs.c.source_asset)
sa.Index(
    "ix_jobs_claim",
    jobs.c.lane,
    jobs.c.priority.desc(),
    jobs.c.position,
    jobs.c.id,
    sqlite_where=sa.text("status = 'queued' AND held = 0"),
)
sa.Index("ix_jobs_live", jobs.c.position, sqlite_where=sa.text("list_rank < 2"))
sa.Index(
    "ix_jobs_output",
    jobs.c.output_path,
    sqlite_where=sa.text("output_path IS NOT NULL AND list_rank < 2"),
)

job_counts = sa.Table(
    "job_counts",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("status", sa.String, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
)

TRIGGERS = (
    "CREATE TRIGGER jobs_terminal BEFORE UPDATE ON jobs WHEN old.list_rank = 2 BEGIN "
    "SELECT RAISE(ABORT, 'a job that ended never changes'); END",
    "CREATE TRIGGER jobs_counted AFTER INSERT ON jobs BEGIN "
    "INSERT INTO job_counts (kind, status, n) VALUES (new.kind, new.status, 1) "
    "ON CONFLICT (kind, status) DO UPDATE SET n = n + 1; END",
    "CREATE TRIGGER jobs_recounted AFTER UPDATE OF status ON jobs "
    "WHEN old.status <> new.status BEGIN "
    "UPDATE job_counts SET n = n - 1 WHERE kind = old.kind AND status = old.status; "
    "INSERT INTO job_counts (kind, status, n) VALUES (new.kind, new.status, 1) "
    "ON CONFLICT (kind, status) DO UPDATE SET n = n + 1; END",
)
"""Terminal is terminal. Counting 100,000 rows by state takes 21 ms, so the counts are kept."""

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("from_status", sa.String),
    sa.Column("to_status", sa.String, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("reason", sa.String, nullable=False, server_default=""),
)
sa.Index("ix_job_events_job", job_events.c.job_id, job_events.c.seq)

job_dependencies = sa.Table(
    "job_dependencies",
    metadata,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("needs_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
)
sa.Index("ix_job_dependencies_needs", job_dependencies.c.needs_id)

job_outputs = sa.Table(
    "job_outputs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("staged", sa.String, nullable=False),
    sa.Column("final", sa.String, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("overwrite", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("remote", sa.String),
    sa.CheckConstraint("state IN ('intent', 'published')", name="state"),
)
sa.Index("ix_job_outputs_job", job_outputs.c.job_id)
sa.Index("ix_job_outputs_final", job_outputs.c.final)

assets = sa.Table(
    "assets",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, nullable=False, unique=True),
    sa.Column("search", sa.String, nullable=False),  # casefolded name, title, artist
    sa.Column("trashed_at", UtcTime),
    sa.Column("document", sa.String, nullable=False),
)
sa.Index("ix_assets_kept", assets.c.id, sqlite_where=sa.text("trashed_at IS NULL"))
sa.Index("ix_assets_trashed", assets.c.id, sqlite_where=sa.text("trashed_at IS NOT NULL"))

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("document", sa.String, nullable=False),
)
sa.Index("ix_projects_updated", projects.c.updated_at)

project_assets = sa.Table(
    "project_assets",
    metadata,
    sa.Column("project_id", sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("asset_id", sa.String, primary_key=True),
)
sa.Index("ix_project_assets_asset", project_assets.c.asset_id)
