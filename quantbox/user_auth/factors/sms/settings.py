"""How an account sends codes: the choice in a row, the access key among the vault's credentials."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.factors.sms.aliyun import make_aliyun_sender
from quantbox.user_auth.factors.sms.base import AccessKey, SmsProvider, SmsSender, SmsSettings
from quantbox.user_auth.factors.sms.errors import SmsOff, SmsSettingsIncomplete
from quantbox.user_auth.factors.tables import SmsSettingsRow
from quantbox.vault.credentials import Credentials

__all__ = ["SmsSettingsService"]

#: Name of the access key among the account's credentials.
CREDENTIAL = "sms.aliyun"
_OFF = SmsSettings(provider=SmsProvider.OFF, sign_name="", template_code="", scheme_name="")


class SmsSettingsService:
    """Reads and changes how codes are sent, and makes what sends them.

    Parameters
    ----------
    credentials : Credentials
        Keeps the access key.
    make_sender : callable
        Returns the sender for settings and key.
    refuse_paused : callable
        Raises while the store may send nothing, because it came out of a backup and its owner has not confirmed it.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        clock: Clock,
        credentials: Credentials,
        make_sender: Callable[[SmsSettings, AccessKey], SmsSender] = make_aliyun_sender,
        *,
        refuse_paused: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions, self._clock, self._credentials, self._make_sender = sessions, clock, credentials, make_sender
        self._refuse_paused = refuse_paused

    def get(self, account_id: str) -> SmsSettings:
        """Return the settings; off where nothing was ever chosen."""
        with self._sessions() as session:
            row = session.get(SmsSettingsRow, account_id)
            if row is None:
                return _OFF
            return SmsSettings(SmsProvider(row.provider), row.sign_name, row.template_code, row.scheme_name)

    def access_key(self, account_id: str) -> AccessKey | None:
        """Return the access key; None where none was given."""
        kept = self._credentials.get(account_id, CREDENTIAL)
        return AccessKey(**kept) if kept else None

    def is_on(self, account_id: str) -> bool:
        """Return whether codes can be sent."""
        return self.get(account_id).provider is not SmsProvider.OFF

    def change(self, account_id: str, settings: SmsSettings, key_id: str, key_secret: str | None) -> None:
        """Set how codes are sent.

        Parameters
        ----------
        key_secret : str or None
            None keeps the secret that is there, if it belongs to the same key.

        Raises
        ------
        SmsSettingsIncomplete
            A provider is chosen and something it needs is missing; nothing is changed then.
        """
        if settings.provider is SmsProvider.OFF:
            self._credentials.delete(account_id, CREDENTIAL)
        else:
            kept = self.access_key(account_id)
            secret = key_secret or (kept.secret if kept and kept.id == key_id else "")
            needed = {
                "access_key_id": key_id,
                "access_key_secret": secret,
                "sign_name": settings.sign_name,
                "template_code": settings.template_code,
            }
            missing = [name for name, value in needed.items() if not value]
            if missing:
                raise SmsSettingsIncomplete(missing=", ".join(missing))
            self._credentials.put(account_id, CREDENTIAL, {"id": key_id, "secret": secret})
        with self._sessions.begin() as session:
            row = SmsSettingsRow(
                account_id=account_id,
                provider=settings.provider.value,
                sign_name=settings.sign_name,
                template_code=settings.template_code,
                scheme_name=settings.scheme_name,
                updated_at=self._clock.now(),
            )
            session.merge(row)

    def sender(self, account_id: str) -> SmsSender:
        """Return what sends the account's codes. Raises SmsOff, or what says that the store may send nothing now."""
        settings, key = self.get(account_id), self.access_key(account_id)
        if settings.provider is SmsProvider.OFF or key is None:
            raise SmsOff
        self._refuse_paused()
        return self._make_sender(settings, key)
