"""The audit log."""

revision = "0005_audit"
down_revision = "0004_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
