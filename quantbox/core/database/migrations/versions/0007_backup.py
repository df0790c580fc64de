"""Backups, the off-site queue, and where archived reports lie."""

import sqlalchemy as sa
from alembic import op

revision = "0007_backup"
down_revision = "0006_vault"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "backups",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.Column("without_downloads", sa.Boolean(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("verified_at", sa.DateTime(), nullable=False),
        sa.Column("rehearsal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_backups"),
    )
    op.create_table(
        "backup_requests",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_backup_requests"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_backup_requests_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_table(
        "backup_schedule",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("time", sa.String(5), nullable=False),
        sa.Column("keep_daily", sa.Integer(), nullable=False),
        sa.Column("keep_weekly", sa.Integer(), nullable=False),
        sa.Column("keep_monthly", sa.Integer(), nullable=False),
        sa.Column("include_downloads", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_backup_schedule"),
    )
    op.create_table(
        "restores",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("restored_at", sa.DateTime(), nullable=False),
        sa.Column("backup_created_at", sa.DateTime(), nullable=False),
        sa.Column("backup_sha256", sa.String(64), nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_restores"),
    )
    _create_offsite()


def _create_offsite() -> None:
    """Create what is kept of the other place, and note on a backtest when its report was moved there."""
    op.create_table(
        "offsite_settings",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("keep_reports", sa.Integer(), nullable=False),
        sa.Column("copies_backups", sa.Boolean(), nullable=False),
        sa.Column("copies_since", sa.DateTime(), nullable=False),
        sa.Column("manifest_number", sa.BigInteger(), nullable=False),
        sa.Column("is_manifest_due", sa.Boolean(), nullable=False),
        sa.Column("sealed_naming_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_offsite_settings"),
    )
    op.create_table(
        "offsite_senders",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=True),
        sa.Column("failing_since", sa.DateTime(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "sender", name="pk_offsite_senders"),
    )
    op.create_table(
        "offsite_objects",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("brought_back_at", sa.DateTime(), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_offsite_objects"),
    )
    op.create_table(
        "offsite_copies",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_offsite_copies"),
    )
    op.add_column("backtests", sa.Column("archived_as", sa.String(64), nullable=True))
    op.add_column("backtests", sa.Column("archived_at", sa.DateTime(), nullable=True))
