"""The local certificate authority, and the listener on the LAN."""

revision = "0008_lan"
down_revision = "0007_backup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
