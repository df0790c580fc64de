"""Where an account's pieces go: the choice in a row, the secret among the vault's credentials."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backup.offsite.errors import FolderUnsuitable, OffsiteIncomplete, OffsiteInvalid, OffsiteOff
from quantbox.backup.offsite.models import NEEDS, OffsiteKind, OffsiteSettings, Place
from quantbox.backup.offsite.tables import OffsiteSettingsRow
from quantbox.core.clock import Clock
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher
from quantbox.vault.fields import Place as FieldPlace

__all__ = ["OffsiteChoices", "naming_key_of"]

MOST_REPORTS = 100_000
_LONGEST = 400


class OffsiteChoices:
    """Reads and changes the settings.

    Parameters
    ----------
    credentials : Credentials
        Keeps the secret as "offsite.<kind>".
    data_folder : Path
        No place for what is to survive it.
    """

    def __init__(
        self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock, credentials: Credentials, data_folder: Path
    ) -> None:
        self._sessions, self._cipher, self._clock = sessions, cipher, clock
        self._credentials, self._data_folder = credentials, data_folder

    def get(self, account_id: str) -> OffsiteSettings:
        """Return the settings; off where nothing was ever chosen."""
        with self._sessions() as session:
            return read_settings(session.get(OffsiteSettingsRow, account_id))

    def accounts(self) -> list[str]:
        """Return the accounts that have chosen a place."""
        with self._sessions() as session:
            return list(session.scalars(select(OffsiteSettingsRow.account_id).where(OffsiteSettingsRow.kind != OffsiteKind.OFF)))

    def place(self, account_id: str) -> Place:
        """Return settings and secret; raises OffsiteOff where no place was chosen."""
        settings = self.get(account_id)
        if settings.kind is OffsiteKind.OFF:
            raise OffsiteOff
        return Place(settings, self.secret(account_id, settings.kind))

    def secret(self, account_id: str, kind: OffsiteKind) -> str:
        """Return the secret kept for a kind; empty where there is none."""
        kept = self._credentials.get(account_id, f"offsite.{kind.value}")
        return kept["secret"] if kept else ""

    def prepare(self, account_id: str, settings: OffsiteSettings, secret: str | None) -> Place:
        """Return the place that new settings mean, complete and checked; nothing is changed yet.

        Parameters
        ----------
        secret : str or None
            None keeps the secret that is there, if it is the same user's at the same address.
        """
        needs = NEEDS[settings.kind]
        options = {name: settings.options.get(name, "").strip() for name in (*needs.required, *needs.optional)}
        options = {name: value for name, value in options.items() if value}
        before = self.get(account_id)
        same = before.kind is settings.kind and all(before.options.get(one) == options.get(one) for one in ("endpoint", "user"))
        kept = secret or (self.secret(account_id, settings.kind) if same and needs.secret else "")
        missing = [name for name in needs.required if name not in options]
        if needs.secret and not kept:
            missing.append("secret")
        if missing:
            raise OffsiteIncomplete(missing=", ".join(missing))
        self._check(settings, options)
        return Place(OffsiteSettings(settings.kind, options, settings.keep_reports, settings.copies_backups), kept)

    def change(self, account_id: str, place: Place, also: Callable[[Session, OffsiteSettingsRow], None]) -> None:
        """Keep what :meth:`prepare` returned, and do `also` in the same transaction."""
        settings = place.settings
        if place.secret:
            self._credentials.put(account_id, f"offsite.{settings.kind.value}", {"secret": place.secret})
        with self._sessions.begin() as session:
            row = session.get(OffsiteSettingsRow, account_id)
            if row is None:
                sealed = self._cipher.seal(_naming_place(account_id), secrets.token_bytes(32))
                row = OffsiteSettingsRow(account_id=account_id, manifest_number=0, sealed_naming_key=sealed)
                row.copies_since, row.is_manifest_due = self._clock.now(), False
                session.add(row)
            row.kind, row.options = settings.kind.value, settings.options
            row.keep_reports, row.copies_backups = settings.keep_reports, settings.copies_backups
            also(session, row)
        for kind in OffsiteKind:
            if kind is not settings.kind:
                self._credentials.delete(account_id, f"offsite.{kind.value}")

    def _check(self, settings: OffsiteSettings, options: dict[str, str]) -> None:
        if not 1 <= settings.keep_reports <= MOST_REPORTS:
            raise OffsiteInvalid(name="keep_reports", value=settings.keep_reports, allowed=f"1…{MOST_REPORTS}")
        for name, value in options.items():
            if len(value) > _LONGEST or not value.isprintable():
                raise OffsiteInvalid(name=name, value=value[:20], allowed=f"≤ {_LONGEST}")
        styles = NEEDS[settings.kind].styles
        if options.get("style") and options["style"] not in styles:
            raise OffsiteInvalid(name="style", value=options["style"], allowed=" | ".join(styles))
        if ".." in options.get("root", "").split("/"):
            raise OffsiteInvalid(name="root", value=options["root"], allowed="a/b/c")
        if "endpoint" in options:
            check_endpoint(options["endpoint"])
        if "path" in options:
            self._check_folder(Path(options["path"]))

    def _check_folder(self, folder: Path) -> None:
        inside = folder.resolve().is_relative_to(self._data_folder.resolve())
        if not folder.is_absolute() or not folder.is_dir() or inside:
            raise FolderUnsuitable(path=str(folder))


def check_endpoint(endpoint: str) -> None:
    """Refuse an address that would send the secret in the clear beyond the own network."""
    allowed = "https://…"
    try:
        parts = urlsplit(endpoint)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise OffsiteInvalid(name="endpoint", value=endpoint, allowed=allowed) from None
    if not host or parts.username or parts.query or parts.fragment or parts.scheme not in ("http", "https"):
        raise OffsiteInvalid(name="endpoint", value=endpoint, allowed=allowed)
    if parts.scheme == "http" and not _is_near(host):
        raise OffsiteInvalid(name="endpoint", value=endpoint, allowed=allowed)


def naming_key_of(cipher: FieldCipher, row: OffsiteSettingsRow) -> bytes:
    """Return the key under which the account's objects are named."""
    return cipher.open(_naming_place(row.account_id), row.sealed_naming_key)


def read_settings(row: OffsiteSettingsRow | None) -> OffsiteSettings:
    """Return the settings of a row."""
    if row is None:
        return OffsiteSettings()
    return OffsiteSettings(OffsiteKind(row.kind), dict(row.options), row.keep_reports, row.copies_backups)


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _naming_place(account_id: str) -> FieldPlace:
    return FieldPlace(OffsiteSettingsRow.__tablename__, account_id, "sealed_naming_key")
