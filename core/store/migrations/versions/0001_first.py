"""The first tables: jobs and their history, assets, projects.

Frozen: `core.store.tables` says how the tables are today, this says how they began.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE assets (
        id VARCHAR NOT NULL,
        sha256 VARCHAR NOT NULL,
        search VARCHAR NOT NULL,
        trashed_at BIGINT,
        document VARCHAR NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (sha256)
    )
    """,
    "CREATE INDEX ix_assets_kept ON assets (id) WHERE trashed_at IS NULL",
    "CREATE INDEX ix_assets_trashed ON assets (id) WHERE trashed_at IS NOT NULL",
    """
    CREATE TABLE job_counts (
        status VARCHAR NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (status)
    )
    """,
    """
    CREATE TABLE jobs (
        id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        title VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        list_rank INTEGER NOT NULL,
        held BOOLEAN DEFAULT '0' NOT NULL,
        cancel_requested BOOLEAN DEFAULT '0' NOT NULL,
        stage VARCHAR DEFAULT '' NOT NULL,
        progress FLOAT DEFAULT '0' NOT NULL,
        fps FLOAT,
        eta_s FLOAT,
        attempt INTEGER DEFAULT '0' NOT NULL,
        max_attempts INTEGER NOT NULL,
        retry_of VARCHAR,
        priority INTEGER DEFAULT '0' NOT NULL,
        position FLOAT NOT NULL,
        lane VARCHAR NOT NULL,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        finished_at BIGINT,
        params VARCHAR NOT NULL,
        result VARCHAR,
        error VARCHAR,
        facts VARCHAR DEFAULT '{}' NOT NULL,
        source_asset VARCHAR,
        source_recipe VARCHAR,
        source_project VARCHAR,
        output_path VARCHAR,
        pending_result VARCHAR,
        fence INTEGER DEFAULT '0' NOT NULL,
        lease_generation INTEGER,
        worker_pid INTEGER,
        worker_started FLOAT,
        PRIMARY KEY (id),
        CONSTRAINT status
            CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        CONSTRAINT lease CHECK ((status = 'running') = (lease_generation IS NOT NULL)),
        CONSTRAINT finished
            CHECK ((status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
        CONSTRAINT failed_says_why CHECK ((status = 'failed') = (error IS NOT NULL))
    )
    """,
    """
    CREATE INDEX ix_jobs_claim ON jobs (lane, priority DESC, position, id)
        WHERE status = 'queued' AND held = 0
    """,
    "CREATE INDEX ix_jobs_kind ON jobs (kind, list_rank, id DESC)",
    "CREATE INDEX ix_jobs_list ON jobs (list_rank, id DESC)",
    "CREATE INDEX ix_jobs_live ON jobs (position) WHERE list_rank < 2",
    """
    CREATE INDEX ix_jobs_output ON jobs (output_path)
        WHERE output_path IS NOT NULL AND list_rank < 2
    """,
    "CREATE INDEX ix_jobs_source_asset ON jobs (source_asset)",
    "CREATE INDEX ix_jobs_status ON jobs (status, id DESC)",
    """
    CREATE TABLE meta (
        "key" VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        PRIMARY KEY ("key")
    )
    """,
    """
    CREATE TABLE projects (
        id VARCHAR NOT NULL,
        title VARCHAR NOT NULL,
        updated_at BIGINT NOT NULL,
        document VARCHAR NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_projects_updated ON projects (updated_at)",
    """
    CREATE TABLE job_dependencies (
        job_id VARCHAR NOT NULL,
        needs_id VARCHAR NOT NULL,
        PRIMARY KEY (job_id, needs_id),
        FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE,
        FOREIGN KEY(needs_id) REFERENCES jobs (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_job_dependencies_needs ON job_dependencies (needs_id)",
    """
    CREATE TABLE job_events (
        seq BIGINT NOT NULL,
        job_id VARCHAR NOT NULL,
        from_status VARCHAR,
        to_status VARCHAR NOT NULL,
        at BIGINT NOT NULL,
        attempt INTEGER NOT NULL,
        reason VARCHAR DEFAULT '' NOT NULL,
        PRIMARY KEY (seq),
        FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_job_events_job ON job_events (job_id, seq)",
    """
    CREATE TABLE job_outputs (
        id INTEGER NOT NULL,
        job_id VARCHAR NOT NULL,
        staged VARCHAR NOT NULL,
        final VARCHAR NOT NULL,
        sha256 VARCHAR NOT NULL,
        bytes BIGINT NOT NULL,
        role VARCHAR NOT NULL,
        overwrite BOOLEAN NOT NULL,
        state VARCHAR NOT NULL,
        remote VARCHAR,
        PRIMARY KEY (id),
        CONSTRAINT state CHECK (state IN ('intent', 'published')),
        FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_job_outputs_final ON job_outputs (final)",
    "CREATE INDEX ix_job_outputs_job ON job_outputs (job_id)",
    """
    CREATE TABLE project_assets (
        project_id VARCHAR NOT NULL,
        asset_id VARCHAR NOT NULL,
        PRIMARY KEY (project_id, asset_id),
        FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_project_assets_asset ON project_assets (asset_id)",
    """
    CREATE TRIGGER jobs_terminal BEFORE UPDATE ON jobs
        WHEN old.list_rank = 2
        BEGIN
        SELECT RAISE(ABORT, 'a job that ended never changes');
        END
    """,
    """
    CREATE TRIGGER jobs_counted AFTER
        INSERT ON jobs
        BEGIN
        INSERT INTO job_counts (status, n)
        VALUES (new.status, 1)
        ON CONFLICT (status) DO UPDATE SET n = n + 1;
        END
    """,
    """
    CREATE TRIGGER jobs_recounted AFTER UPDATE OF status ON jobs
        WHEN old.status <> new.status
        BEGIN
        UPDATE job_counts SET n = n - 1
        WHERE status = old.status;
        INSERT INTO job_counts (status, n)
        VALUES (new.status, 1)
        ON CONFLICT (status) DO UPDATE SET n = n + 1;
        END
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
