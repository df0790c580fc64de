"""Credentials, and fields under the second lock."""

revision = "0006_vault"
down_revision = "0005_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
