"""Credentials, and fields under the second lock."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006_vault"
down_revision = "0005_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and seal the private fields of older rows."""
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_credentials"),
    )
    _seal_backtests()


def _seal_backtests() -> None:
    """Put what a backtest keeps private under the second lock, in the transaction that counts the report's versions."""
    op.add_column("backtests", sa.Column("report_version", sa.Integer(), nullable=True))
    connection = op.get_bind()
    op.execute("UPDATE backtests SET report_version = 1 WHERE report IS NOT NULL")
    rows = connection.execute(sa.text("SELECT id FROM backtests")).scalars().all()
    seal = context.config.attributes["seal"]
    if rows and seal is None:
        raise ValueError(f"{len(rows)} backtests are to be sealed, and no cipher was given")
    for row in rows:
        fields = connection.execute(sa.text("SELECT request, document, report FROM backtests WHERE id = :id"), {"id": row})
        texts = dict(fields.mappings().one())
        sealed = {column: None if text is None else seal("backtests", row, column, 1, text) for column, text in texts.items()}
        update = "UPDATE backtests SET request = :request, document = :document, report = :report WHERE id = :id"
        connection.execute(sa.text(update), {"id": row, **sealed})
