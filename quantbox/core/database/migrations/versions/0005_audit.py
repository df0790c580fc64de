"""The audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005_audit"
down_revision = "0004_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and let the database itself refuse to change or delete a record."""
    op.create_table(
        "audit_records",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'refused', 'failed')", name="ck_audit_records_outcome"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_records"),
    )
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_records_refuse_{act.lower()} BEFORE {act} ON audit_records "
            "BEGIN SELECT RAISE(ABORT, 'audit records are only ever added'); END"
        )
