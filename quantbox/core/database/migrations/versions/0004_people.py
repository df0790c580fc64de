"""People's passwords, factors, devices, sessions and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004_people"
down_revision = "0003_backtests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; whoever was signed in signs in anew, by a password the owner is asked for first."""
    op.drop_table("web_sessions")
    op.rename_table("people", "people_before")
    _create_people()
    op.execute(
        "INSERT INTO people (id, account_id, name, name_key, role, is_active, created_at) "
        "SELECT id, account_id, 'owner', 'owner', role, 1, created_at FROM people_before"
    )
    op.drop_table("people_before")
    _create_devices()
    _create_sessions()
    _create_factors()
    _create_sms()
    _create_tokens()


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("password_verifier", sa.String(200), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("name_key", name="uq_people_name_key"),
    )


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("max_role", sa.String(16), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("key", name="uq_devices_key"),
    )
    op.create_table(
        "sign_in_places",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(32), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "device_id", "address", name="pk_sign_in_places"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sign_in_places_person_id_people", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_sign_in_places_device_id_devices", ondelete="CASCADE"),
    )


def _create_sessions() -> None:
    op.create_table(
        "web_sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(32), nullable=False),
        sa.Column("signed_in_by", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("is_new_place", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("stepped_up_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_web_sessions"),
        sa.UniqueConstraint("key", name="uq_web_sessions_key"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_web_sessions_person_id_people", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_web_sessions_device_id_devices", ondelete="CASCADE"),
    )
    op.create_index("ix_web_sessions_person_id", "web_sessions", ["person_id"])
    op.create_index("ix_web_sessions_device_id", "web_sessions", ["device_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pending_sign_ins"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_pending_sign_ins_person_id_people", ondelete="CASCADE"),
    )


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
        sa.Column("device_id", sa.String(32), nullable=True),
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
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_api_tokens_device_id_devices", ondelete="CASCADE"),
    )
    op.create_index("ix_api_tokens_device_id", "api_tokens", ["device_id"])
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
