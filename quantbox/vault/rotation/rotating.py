"""The rotation from the first check to the switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import MetaData

from quantbox.core.clock import Clock
from quantbox.core.database.rekeying import database_bytes
from quantbox.core.disk import require_free
from quantbox.core.paths import DataFolder
from quantbox.vault.changes import document_of
from quantbox.vault.document import write_document
from quantbox.vault.models import Keys, NewKit
from quantbox.vault.opening import kek_by_passphrase, keys_of
from quantbox.vault.rotation.epochs import epoch_database, settle
from quantbox.vault.rotation.new_database import CHECKED, Progress, encrypt_anew
from quantbox.vault.rotation.new_document import forget_keychain_entry, renew
from quantbox.vault.service import vault_lock
from quantbox.vault.wrappers import aliyun_kms, kms
from quantbox.vault.wrappers import passphrase as passphrase_way

__all__ = ["Rotation", "rotate"]

#: Room the new database may need beyond the size of the old one.
_SPARE_BYTES = 8 << 20


@dataclass(frozen=True)
class Rotation:
    """What a rotation has ended with.

    Attributes
    ----------
    epoch : int
        The new one.
    keys : Keys
        Those that open the store now.
    kit : NewKit or None
        The recovery kit made in the place of the one that is void now; None where the vault had none.
    """

    epoch: int
    keys: Keys = field(repr=False)
    kit: NewKit | None


def rotate(
    folder: DataFolder,
    passphrase: str,
    metadata: MetaData,
    clock: Clock,
    *,
    new_passphrase: str | None = None,
    before_commit: Callable[[Keys], None] = lambda _keys: None,
    progress: Progress = lambda _stage, _fraction: None,
    connect: kms.Connect = aliyun_kms.connect,
) -> Rotation:
    """Make all keys of a store anew, and encrypt everything in it with them.

    The caller holds the store's lock, nobody has the database open, and its schema is today's. A refusal leaves all as it was.

    Parameters
    ----------
    metadata : MetaData
        Every table of the program, so that no sealed column is left behind.
    new_passphrase : str, optional
        Opens the store from now on, in the place of `passphrase`.
    before_commit : callable
        Told the new keys when everything is ready; what it raises stops the rotation.
    connect : callable
        Reaches a cloud key service.

    Raises
    ------
    PassphraseWrong, PassphraseShort, DiskTooSmall, DiskFull
        As their names say.
    FieldDamaged
        A field does not open with the old keys: its row is removed first.
    KmsAccessKeyNeeded, KmsRefused, KmsUnreachable, KeychainUnavailable
        A way that is open could not be made anew: it is closed first, or available again.
    """
    settle(folder)
    if new_passphrase is not None:
        passphrase_way.check_length(new_passphrase)
    with vault_lock(folder):
        old = document_of(folder)
        old_keys = keys_of(old, kek_by_passphrase(old, passphrase), str(folder.vault_file))
        require_free(folder.root, database_bytes(folder.database) + _SPARE_BYTES)
        renewal = renew(old, new_passphrase or passphrase, clock.now(), connect)
        target = epoch_database(folder, renewal.document.epoch)
        try:
            encrypt_anew(folder.database, target, (old_keys, renewal.keys), metadata, progress)
            before_commit(renewal.keys)
            progress("switching", CHECKED)
        except BaseException:
            target.unlink(missing_ok=True)
            forget_keychain_entry(renewal.document)
            raise
        try:
            write_document(folder.vault_file, renewal.document)
        finally:
            settle(folder)  # also where it failed: whether vault.json was replaced by then, only the file itself tells
        forget_keychain_entry(old)
    progress("switching", 1.0)
    return Rotation(renewal.document.epoch, renewal.keys, renewal.kit)
