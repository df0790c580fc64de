"""Making a vault, and opening it: by pass phrase, recovery code, the system's keychain or a cloud key service."""

from __future__ import annotations

import secrets

from quantbox.core.clock import Clock, SystemClock
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock, restrict_to_owner
from quantbox.vault.document import VERSION, VaultDocument, parse_document, read_document, write_document
from quantbox.vault.errors import (
    KmsAccessKeyNeeded,
    KmsNotEnabled,
    KmsRefused,
    StoreExists,
    StoreMissing,
    VaultDamaged,
    VaultTooNew,
)
from quantbox.vault.models import AccessKey, Keys
from quantbox.vault.old_document import OldDocument
from quantbox.vault.opening import (
    kek_by_passphrase,
    kek_by_recovery_code,
    keys_of,
    new_data_keys,
    seal_data_keys,
    todays_document,
)
from quantbox.vault.wrappers import aliyun_kms, keychain, kms
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers.base import KEY_BYTES, Binding
from quantbox.vault.wrappers.passphrase import MIN_PASSPHRASE_CHARACTERS

__all__ = [
    "MIN_PASSPHRASE_CHARACTERS",
    "create",
    "exists",
    "opens_by_kms",
    "refuse_existing",
    "store_id",
    "unlock",
    "unlock_by_kept_kms",
    "unlock_by_keychain",
    "unlock_by_kms",
    "unlock_by_recovery",
    "unlock_document",
    "vault_lock",
]


def exists(folder: DataFolder) -> bool:
    """Return whether a store was made in `folder`."""
    return folder.vault_file.is_file()


def opens_by_kms(folder: DataFolder) -> bool:
    """Return whether a cloud key service opens the store in `folder`; needs no proof, and False where vault.json is damaged."""
    try:
        document = _read(folder)
    except (StoreMissing, VaultDamaged, VaultTooNew):
        return False
    return isinstance(document, VaultDocument) and document.find(kms.KIND.name) is not None


def vault_lock(folder: DataFolder) -> FileLock:
    """Return the lock under which vault.json is changed."""
    return FileLock(folder.root / "vault.lock")


def store_id(folder: DataFolder) -> str:
    """Return the id of the store in `folder`, which never changes; needs no proof."""
    return _read(folder).store_id


def create(folder: DataFolder, passphrase: str, *, clock: Clock | None = None) -> Keys:
    """Make the vault of a new store and return its keys.

    Parameters
    ----------
    folder : DataFolder
        Made when absent, readable by its owner only.
    passphrase : str
        At least `MIN_PASSPHRASE_CHARACTERS` characters.
    clock : Clock, optional
        Tells when the vault was made.

    Raises
    ------
    PassphraseShort
        It has fewer.
    StoreExists
        A store lies there already; it is not touched.
    """
    passphrase_way.check_length(passphrase)
    refuse_existing(folder)
    if not folder.root.exists():
        folder.root.mkdir(parents=True)
        restrict_to_owner(folder.root)
    with vault_lock(folder):
        refuse_existing(folder)
        kek, binding = secrets.token_bytes(KEY_BYTES), Binding(VERSION, secrets.token_hex(16), 1)
        wrapper = passphrase_way.make_wrapper(kek, passphrase, (clock or SystemClock()).now(), binding)
        data_keys = seal_data_keys(kek, new_data_keys(), binding)
        document = VaultDocument(binding.store_id, binding.epoch, None, (wrapper,), data_keys)
        write_document(folder.vault_file, document)
    return keys_of(document, kek, str(folder.vault_file))


def unlock(folder: DataFolder, passphrase: str) -> Keys:
    """Return the keys of the store in `folder`; brings an older vault, or one made at a lower cost, up to today's.

    Raises
    ------
    StoreMissing
        No store was made there.
    PassphraseWrong
        The pass phrase does not open it.
    VaultDamaged
        vault.json is not what was written; the pass phrase may be right.
    """
    document = _read(folder)
    kek = kek_by_passphrase(document, passphrase)
    if _is_behind(document):
        document = _bring_up_to_date(folder, kek, passphrase)
    return _keys(folder, document, kek)


def unlock_by_recovery(folder: DataFolder, code: str) -> Keys:
    """Return the keys of the store in `folder`, proven by the code of its confirmed recovery kit.

    Raises
    ------
    StoreMissing
        No store was made there.
    RecoveryCodeMistyped, RecoveryKitVoid, RecoveryCodeWrong
        The code does not open it.
    """
    document = _read(folder)
    return _keys(folder, document, kek_by_recovery_code(document, code))


def unlock_by_keychain(folder: DataFolder) -> Keys | None:
    """Return the keys of the store in `folder`; None where this user's keychain does not open it."""
    document = _read(folder)
    wrapper = None if isinstance(document, OldDocument) else document.find(keychain.KIND.name)
    if isinstance(document, OldDocument) or wrapper is None:
        return None
    kek = keychain.open_wrapper(wrapper, document.binding)
    return None if kek is None else _keys(folder, document, kek)


def unlock_by_kms(folder: DataFolder, access_key: AccessKey | None = None, *, connect: kms.Connect = aliyun_kms.connect) -> Keys:
    """Return the keys of the store in `folder`, opened by the cloud key service.

    Parameters
    ----------
    access_key : AccessKey, optional
        For the service; else the one the system's keychain keeps.

    Raises
    ------
    KmsNotEnabled
        The vault has no such way.
    KmsAccessKeyNeeded
        None was given and the keychain keeps none.
    KmsRefused, KmsUnreachable
        The service does not open it, or does not answer.
    """
    document = _read(folder)
    wrapper = None if isinstance(document, OldDocument) else document.find(kms.KIND.name)
    if isinstance(document, OldDocument) or wrapper is None:
        raise KmsNotEnabled
    access_key = access_key or kms.kept_access_key(document.store_id)
    if access_key is None:
        raise KmsAccessKeyNeeded
    address = kms.address_of(wrapper)
    kek = kms.open_wrapper(wrapper, connect(address, access_key), document.binding)
    if kek is None:
        raise KmsRefused(endpoint=address.endpoint, problem="key")
    return _keys(folder, document, kek)


def unlock_by_kept_kms(folder: DataFolder) -> Keys | None:
    """Return the keys as `unlock_by_kms`; None where the vault has no such way, or the keychain keeps no access key."""
    try:
        return unlock_by_kms(folder)
    except (KmsNotEnabled, KmsAccessKeyNeeded):
        return None


def unlock_document(
    document: bytes, *, passphrase: str | None = None, recovery_code: str | None = None, path: str = "vault.json"
) -> Keys:
    """Return the keys of a vault document that lies outside a data folder (in a backup); it is not changed.

    Parameters
    ----------
    document : bytes
        The text of a vault.json of version 3.
    passphrase, recovery_code : str
        One of the two, as of the moment the copy was made.
    path : str
        What an error calls the document.
    """
    found = parse_document(document, path)
    if isinstance(found, OldDocument):
        raise VaultDamaged(path=path, part="version")  # part 1 made no backups
    if (passphrase is None) == (recovery_code is None):
        raise TypeError("give the pass phrase or the recovery code")
    kek = kek_by_passphrase(found, passphrase) if passphrase is not None else kek_by_recovery_code(found, recovery_code or "")
    return keys_of(found, kek, path)


def refuse_existing(folder: DataFolder) -> None:
    """Raise StoreExists where a store, or what is left of one, lies in `folder`."""
    # a database without its vault.json is a store whose vault went missing: a new one could never open it
    if folder.vault_file.exists() or folder.database.exists():
        raise StoreExists(data_dir=str(folder.root))


def _read(folder: DataFolder) -> VaultDocument | OldDocument:
    if not exists(folder):
        raise StoreMissing(data_dir=str(folder.root))
    return read_document(folder.vault_file)


def _keys(folder: DataFolder, document: VaultDocument | OldDocument, kek: bytes) -> Keys:
    if isinstance(document, OldDocument):
        raise VaultDamaged(path=str(folder.vault_file), part="version")
    return keys_of(document, kek, str(folder.vault_file))


def _is_behind(document: VaultDocument | OldDocument) -> bool:
    if isinstance(document, OldDocument):
        return True
    wrapper = document.find(passphrase_way.KIND.name)
    return wrapper is not None and passphrase_way.is_below_standard(passphrase_way.kdf_of(wrapper))


def _bring_up_to_date(folder: DataFolder, kek: bytes, passphrase: str) -> VaultDocument | OldDocument:
    """Write the vault as one made today; two programs that unlock it at once agree on one set of keys."""
    now = SystemClock().now()
    with vault_lock(folder):
        document = read_document(folder.vault_file)
        if isinstance(document, OldDocument):
            document = todays_document(document, kek, passphrase, now, str(folder.vault_file))
        elif _is_behind(document) and kek_by_passphrase(document, passphrase) == kek:
            document = document.with_wrapper(passphrase_way.make_wrapper(kek, passphrase, now, document.binding))
        else:
            return document
        write_document(folder.vault_file, document)
    return document
