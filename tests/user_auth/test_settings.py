"""The owner's settings: defaults, bounds, what is kept."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.user_auth.errors import SettingInvalid
from quantbox.user_auth.settings import Settings, SettingsService, check_setting, help_of
from quantbox.user_auth.tables import SettingsRow


@pytest.fixture
def service(sessions: sessionmaker[Session], clock: FixedClock) -> SettingsService:
    return SettingsService(sessions, clock)


def test_every_setting_has_help_in_both_languages_a_unit_and_an_allowed_default() -> None:
    for setting in fields(Settings):
        assert help_of(setting.name).zh, setting.name
        assert help_of(setting.name).en, setting.name
        assert "unit" in setting.metadata
        assert check_setting(setting.name, setting.default) == setting.default


def test_nothing_changed_means_the_defaults(service: SettingsService) -> None:
    assert service.get("owner") == Settings()
    assert Settings().commission_bps == Decimal("2.5")  # 万分之2.5
    assert Settings().commission_min_yuan == Decimal(5)


def test_a_change_keeps_the_rest_and_belongs_to_one_account(service: SettingsService) -> None:
    service.change("owner", {"theme": "dark"})
    changed = service.change("owner", {"commission_bps": Decimal("1.854")})
    assert (changed.theme, changed.commission_bps, changed.language) == ("dark", Decimal("1.854"), "zh")
    assert service.get("somebody else") == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("commission_bps", "-0.1"),
        ("commission_bps", "100.01"),
        ("commission_bps", "NaN"),
        ("initial_cash", "0"),
        ("initial_cash", "a lot"),
        ("font", "serif"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name_and_nothing_changes(service: SettingsService, name: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        service.change("owner", {"theme": "dark", name: value})
    assert refused.value.facts["name"] == name
    assert service.get("owner") == Settings()


def test_a_stored_value_no_longer_allowed_falls_back_to_the_default(
    service: SettingsService, sessions: sessionmaker[Session], clock: FixedClock
) -> None:
    changed = {"theme": "sepia", "retired": "1", "price_colours": "green_up"}
    with sessions.begin() as session:
        session.add(SettingsRow(account_id="owner", changed=changed, updated_at=clock.now()))
    assert service.get("owner") == Settings(price_colours="green_up")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.decimals(min_value=0, max_value=100, places=4))
def test_an_allowed_amount_comes_back_digit_for_digit(service: SettingsService, value: Decimal) -> None:
    assert str(service.change("owner", {"commission_bps": value}).commission_bps) == str(value)
