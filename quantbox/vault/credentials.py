"""What the program signs in to outside services with: kept under the second lock, one sealed document per service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.vault.fields import FieldCipher, Place
from quantbox.vault.tables import CredentialsRow

__all__ = ["Credentials"]

#: The name is part of the sealed field's place, where "/" parts it from the account.
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class Credentials:
    """Keeps and returns credentials of an account by the name of the service.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    cipher : FieldCipher
        The second lock.
    clock : Clock
        Tells when they were changed.
    """

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock) -> None:
        self._sessions, self._cipher, self._clock = sessions, cipher, clock

    def put(self, account_id: str, name: str, secrets: Mapping[str, str]) -> None:
        """Keep `secrets` under `name`, in the place of what was there.

        Parameters
        ----------
        name : str
            Small letters, digits, "_", "." and "-": "sms", "offsite.s3".
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of credentials")
        with self._sessions.begin() as session:
            row = session.get(CredentialsRow, (account_id, name), with_for_update=True)
            version = 1 if row is None else row.version + 1
            sealed = self._cipher.seal(_place(account_id, name, version), json.dumps(dict(secrets)).encode())
            if row is None:
                row = CredentialsRow(account_id=account_id, name=name)
                session.add(row)
            row.version, row.sealed, row.updated_at = version, sealed, self._clock.now()

    def get(self, account_id: str, name: str) -> dict[str, str] | None:
        """Return what is kept under `name`; None when nothing is.

        Raises
        ------
        FieldDamaged
            The row was changed, or holds what was sealed for another.
        """
        with self._sessions() as session:
            row = session.get(CredentialsRow, (account_id, name))
        if row is None:
            return None
        opened: dict[str, str] = json.loads(self._cipher.open(_place(account_id, name, row.version), row.sealed))
        return opened

    def delete(self, account_id: str, name: str) -> None:
        """Forget what is kept under `name`; forgetting twice is harmless."""
        with self._sessions.begin() as session:
            row = session.get(CredentialsRow, (account_id, name))
            if row is not None:
                session.delete(row)

    def names(self, account_id: str) -> list[str]:
        """Return the names under which something is kept, in alphabetical order."""
        with self._sessions() as session:
            chosen = select(CredentialsRow.name).where(CredentialsRow.account_id == account_id).order_by(CredentialsRow.name)
            return list(session.scalars(chosen))


def _place(account_id: str, name: str, version: int) -> Place:
    return Place("credentials", f"{account_id}/{name}", "sealed", version)
