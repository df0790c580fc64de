"""People's passwords, factors, devices, sessions and tokens."""

revision = "0004_people"
down_revision = "0003_backtests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
