"""The local certificate authority, and the listener on the LAN."""

import sqlalchemy as sa
from alembic import op

revision = "0008_lan"
down_revision = "0007_backup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "lan",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("authority_certificate", sa.LargeBinary(), nullable=False),
        sa.Column("authority_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_lan"),
    )
