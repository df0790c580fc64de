"""What the owner can choose: every setting with default, unit, bounds and help, kept as one row of what was changed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.text import Text
from quantbox.user_auth.errors import SettingInvalid
from quantbox.user_auth.tables import SettingsRow

__all__ = ["APPEARANCE", "Settings", "SettingsService", "check_setting", "help_of", "idle_life_of"]

#: How the pages look; a browser that has chosen nothing of its own begins with these settings.
APPEARANCE = ("language", "theme", "price_colours")


def choice(default: str, choices: tuple[str, ...], help_text: Text) -> Any:
    """Return the field of a setting that takes one of a few words."""
    return field(default=default, metadata={"choices": choices, "unit": "", "help": help_text})


def amount(default: str, low: str, high: str, unit: str, help_text: Text) -> Any:
    """Return the field of a setting that takes an exact number between two bounds, both included."""
    bounds = (Decimal(low), Decimal(high))
    return field(default=Decimal(default), metadata={"bounds": bounds, "unit": unit, "help": help_text})


def whole(default: int, low: int, high: int, unit: str, help_text: Text) -> Any:
    """Return the field of a setting that takes a whole number between two bounds, both included."""
    return field(default=default, metadata={"bounds": (low, high), "unit": unit, "help": help_text})


@dataclass(frozen=True)
class Settings:
    """The owner's settings."""

    language: str = choice("zh", ("zh", "en"), Text("界面语言", "Language of the pages"))
    theme: str = choice("system", ("system", "light", "dark"), Text("浅色、深色或跟随系统", "Light, dark, or as the system"))
    price_colours: str = choice(
        "red_up", ("red_up", "green_up", "colour_blind"), Text("涨跌颜色", "Colours of rising and falling prices")
    )
    commission_bps: Decimal = amount(  # noqa: RUF009 - amount() makes the field itself
        "2.5", "0", "100", "bps", Text("券商佣金，成交额的万分之几", "Broker's commission in basis points of the amount")
    )
    commission_min_yuan: Decimal = amount(  # noqa: RUF009 - as above
        "5", "0", "1000", "yuan", Text("每笔最低佣金", "Least commission of one fill")
    )
    initial_cash: Decimal = amount(  # noqa: RUF009 - as above
        "100000", "1", "1000000000000", "yuan", Text("新回测的初始资金", "Cash at the start of a new backtest")
    )
    data_source: str = choice("akshare", ("akshare",), Text("在线行情来源", "Online source of market data"))
    idle_minutes: int = whole(
        30, 5, 240, "minutes", Text("多久没有操作就结束登录", "How long without key, pointer or touch until a session ends")
    )


class SettingsService:
    """Reads and changes the settings of an account."""

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def get(self, account_id: str) -> Settings:
        """Return the settings; what was never changed has today's default.

        A stored value that a newer program has narrowed away falls back to the default as well.
        """
        with self._sessions() as session:
            row = session.get(SettingsRow, account_id)
        kept: dict[str, Any] = {}
        for name, value in (row.changed if row else {}).items():
            with contextlib.suppress(SettingInvalid):
                kept[name] = check_setting(name, value)
        return Settings(**kept)

    def change(self, account_id: str, changes: Mapping[str, object]) -> Settings:
        """Set the settings named in `changes` and return all.

        Raises
        ------
        SettingInvalid
            For an unknown name or a value outside the bounds; nothing is changed then.
        """
        checked = {name: check_setting(name, value) for name, value in changes.items()}
        stored = {name: str(value) for name, value in checked.items()}
        with self._sessions.begin() as session:
            row = session.get(SettingsRow, account_id)
            if row is None:
                session.add(SettingsRow(account_id=account_id, changed=stored, updated_at=self._clock.now()))
            else:
                row.changed = {**row.changed, **stored}
                row.updated_at = self._clock.now()
        return self.get(account_id)


def idle_life_of(changed: Mapping[str, Any]) -> timedelta:
    """Return how long a session may be idle, by what the account has changed of its settings."""
    with contextlib.suppress(SettingInvalid, KeyError):
        return timedelta(minutes=int(check_setting("idle_minutes", changed["idle_minutes"])))
    return timedelta(minutes=Settings.idle_minutes)


def check_setting(name: str, value: object) -> str | Decimal | int:
    """Return `value` as the type of the setting, or refuse it."""
    known = {setting.name: setting for setting in fields(Settings)}
    if name not in known:
        raise SettingInvalid(name=name, value=str(value), allowed=" / ".join(known))
    metadata = known[name].metadata
    if "choices" in metadata:
        if value not in metadata["choices"]:
            raise SettingInvalid(name=name, value=str(value), allowed=" / ".join(metadata["choices"]))
        return str(value)
    low, high = metadata["bounds"]
    refusal = SettingInvalid(name=name, value=str(value), allowed=f"{low}…{high} {metadata['unit']}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise refusal from None
    if not (number.is_finite() and low <= number <= high):
        raise refusal
    if isinstance(low, Decimal):
        return number
    if number != number.to_integral_value():
        raise refusal
    return int(number)


def help_of(name: str) -> Text:
    """Return what the setting is for."""
    found: Text = next(setting.metadata["help"] for setting in fields(Settings) if setting.name == name)
    return found
