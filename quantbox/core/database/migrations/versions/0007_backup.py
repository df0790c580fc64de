"""Backups, the off-site queue, and where archived reports lie."""

revision = "0007_backup"
down_revision = "0006_vault"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
