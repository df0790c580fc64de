"""People's passwords, factors, devices, sessions and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004_people"
down_revision = "0003_backtests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_factors()
    _create_sms()
    _create_tokens()


def _person() -> list[sa.Column[str]]:
    return [sa.Column("account_id", sa.String(64), nullable=False), sa.Column("person_id", sa.String(32), nullable=False)]


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{table}_person_id_people", ondelete="CASCADE")


def _create_factors() -> None:
    op.create_table(
        "totp_factors",
        sa.Column("id", sa.String(32), nullable=False),
        *_person(),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_totp_factors"),
        _of_person("totp_factors"),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(32), nullable=False),
        *_person(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("rp_id", sa.String(253), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        _of_person("passkeys"),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("key", sa.String(64), nullable=False),
        *_person(),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_passkey_challenges"),
        _of_person("passkey_challenges"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("key", sa.String(64), nullable=False),
        *_person(),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_recovery_codes"),
        _of_person("recovery_codes"),
    )
    for table in ("totp_factors", "passkeys", "passkey_challenges", "recovery_codes"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])


def _create_sms() -> None:
    op.create_table(
        "sms_phones",
        sa.Column("id", sa.String(32), nullable=False),
        *_person(),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sms_phones"),
        _of_person("sms_phones"),
    )
    op.create_table(
        "sms_codes",
        sa.Column("id", sa.String(32), nullable=False),
        *_person(),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("code_key", sa.String(64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sms_codes"),
        _of_person("sms_codes"),
    )
    for table in ("sms_phones", "sms_codes"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])
    op.create_table(
        "sms_settings",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("sign_name", sa.String(64), nullable=False),
        sa.Column("template_code", sa.String(64), nullable=False),
        sa.Column("scheme_name", sa.String(64), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_sms_settings"),
    )


def _create_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(32), nullable=False),
        *_person(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("life_days", sa.Integer(), nullable=False),
        sa.Column("jwt_id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("refreshable_until", sa.DateTime(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.Column("last_address", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        _of_person("api_tokens"),
    )
    op.create_index("ix_api_tokens_person_id", "api_tokens", ["person_id"])
    op.create_table(
        "api_refresh_tokens",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("token_id", sa.String(32), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_api_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name="fk_api_refresh_tokens_token_id_api_tokens", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_api_refresh_tokens_token_id", "api_refresh_tokens", ["token_id"])
