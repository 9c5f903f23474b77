"""Jobs are counted by kind too, so that a list of some kinds can say how many there are.

Frozen: `core.store.tables` says how the tables are today.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "DROP TRIGGER jobs_counted",
    "DROP TRIGGER jobs_recounted",
    "DROP TABLE job_counts",
    """
    CREATE TABLE job_counts (
        kind VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (kind, status)
    )
    """,
    "INSERT INTO job_counts SELECT kind, status, count(*) FROM jobs GROUP BY kind, status",
    """
    CREATE TRIGGER jobs_counted AFTER
        INSERT ON jobs
        BEGIN
        INSERT INTO job_counts (kind, status, n)
        VALUES (new.kind, new.status, 1)
        ON CONFLICT (kind, status) DO UPDATE SET n = n + 1;
        END
    """,
    """
    CREATE TRIGGER jobs_recounted AFTER UPDATE OF status ON jobs
        WHEN old.status <> new.status
        BEGIN
        UPDATE job_counts SET n = n - 1
        WHERE kind = old.kind AND status = old.status;
        INSERT INTO job_counts (kind, status, n)
        VALUES (new.kind, new.status, 1)
        ON CONFLICT (kind, status) DO UPDATE SET n = n + 1;
        END
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
