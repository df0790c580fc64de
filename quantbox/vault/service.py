"""Making a vault, and opening it with the pass phrase."""

from __future__ import annotations

import json
import secrets
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock, restrict_to_owner
from quantbox.vault.document import DATA_KEYS, VERSION, Sealed, VaultDocument, read_document, write_document
from quantbox.vault.errors import PassphraseShort, PassphraseWrong, StoreExists, StoreMissing, VaultDamaged
from quantbox.vault.models import KdfParameters, Keys

__all__ = ["MIN_PASSPHRASE_CHARACTERS", "create", "exists", "refuse_existing", "unlock"]

#: A pass phrase this long is always accepted, a shorter one never.
MIN_PASSPHRASE_CHARACTERS = 12

#: RFC 9106, section 4, second recommended option.
_MEMORY_KIB, _ITERATIONS, _PARALLELISM, _SALT_BYTES = 64 * 1024, 3, 4, 16
_KEY_BYTES = 32


def exists(folder: DataFolder) -> bool:
    """Return whether a store was made in `folder`."""
    return folder.vault_file.is_file()


def create(folder: DataFolder, passphrase: str) -> Keys:
    """Make the vault of a new store and return its keys.

    Parameters
    ----------
    folder : DataFolder
        Made when absent, readable by its owner only.
    passphrase : str
        At least `MIN_PASSPHRASE_CHARACTERS` characters.

    Raises
    ------
    PassphraseShort
        It has fewer.
    StoreExists
        A store lies there already; it is not touched.
    """
    characters = len(_normalise(passphrase))
    if characters < MIN_PASSPHRASE_CHARACTERS:
        raise PassphraseShort(characters=characters, minimum=MIN_PASSPHRASE_CHARACTERS)
    refuse_existing(folder)
    if not folder.root.exists():
        folder.root.mkdir(parents=True)
        restrict_to_owner(folder.root)
    with FileLock(folder.root / "vault.lock"):
        refuse_existing(folder)
        kdf = KdfParameters(_MEMORY_KIB, _ITERATIONS, _PARALLELISM, secrets.token_bytes(_SALT_BYTES))
        kek = secrets.token_bytes(_KEY_BYTES)
        data_keys = {purpose: secrets.token_bytes(_KEY_BYTES) for purpose in DATA_KEYS}
        write_document(folder.vault_file, _seal_document(_derive(passphrase, kdf), kdf, kek, data_keys))
    return _keys(kek, data_keys)


def unlock(folder: DataFolder, passphrase: str) -> Keys:
    """Return the keys of the store in `folder`.

    Raises
    ------
    StoreMissing
        No store was made there.
    PassphraseWrong
        The pass phrase does not open it.
    VaultDamaged
        vault.json is not what was written; the pass phrase may be right.
    """
    if not exists(folder):
        raise StoreMissing(data_dir=str(folder.root))
    document = read_document(folder.vault_file)
    proof = _derive(passphrase, document.kdf)
    kek = _open(proof, document.passphrase_wrapper, _wrapper_purpose(document.version, document.kdf))
    if kek is None:
        raise PassphraseWrong
    data_keys = {purpose: _open_data_key(folder, document, kek, purpose) for purpose in document.data_keys}
    if document.version < VERSION:
        data_keys = _upgrade(folder, proof, document.kdf, kek, data_keys)
    return _keys(kek, data_keys)


def _open_data_key(folder: DataFolder, document: VaultDocument, kek: bytes, purpose: str) -> bytes:
    key = _open(kek, document.data_keys[purpose], _data_key_purpose(document.version, purpose))
    if key is None:
        raise VaultDamaged(path=str(folder.vault_file), part=f"data_keys.{purpose}")
    return key


def _upgrade(folder: DataFolder, proof: bytes, kdf: KdfParameters, kek: bytes, data_keys: dict[str, bytes]) -> dict[str, bytes]:
    """Give a vault of version 1 the keys it lacks; two programs that unlock it at once agree on one set."""
    with FileLock(folder.root / "vault.lock"):
        document = read_document(folder.vault_file)
        if document.version == VERSION:
            return {purpose: _open_data_key(folder, document, kek, purpose) for purpose in DATA_KEYS}
        data_keys = {purpose: data_keys.get(purpose) or secrets.token_bytes(_KEY_BYTES) for purpose in DATA_KEYS}
        write_document(folder.vault_file, _seal_document(proof, kdf, kek, data_keys))
    return data_keys


def refuse_existing(folder: DataFolder) -> None:
    """Raise StoreExists where a store, or what is left of one, lies in `folder`."""
    # a database without its vault.json is a store whose vault went missing: a new one could never open it
    if folder.vault_file.exists() or folder.database.exists():
        raise StoreExists(data_dir=str(folder.root))


def _normalise(passphrase: str) -> str:
    """Return the one form of a text that keyboards of different systems spell differently."""
    return unicodedata.normalize("NFC", passphrase)


def _derive(passphrase: str, kdf: KdfParameters) -> bytes:
    key: bytes = hash_secret_raw(
        secret=_normalise(passphrase).encode("utf-8", "surrogatepass"),
        salt=kdf.salt,
        time_cost=kdf.iterations,
        memory_cost=kdf.memory_kib,
        parallelism=kdf.parallelism,
        hash_len=_KEY_BYTES,
        type=Type.ID,
    )
    return key


def _seal_document(proof: bytes, kdf: KdfParameters, kek: bytes, data_keys: dict[str, bytes]) -> VaultDocument:
    return VaultDocument(
        version=VERSION,
        kdf=kdf,
        passphrase_wrapper=_seal(proof, kek, _wrapper_purpose(VERSION, kdf)),
        data_keys={purpose: _seal(kek, key, _data_key_purpose(VERSION, purpose)) for purpose, key in data_keys.items()},
    )


def _wrapper_purpose(version: int, kdf: KdfParameters) -> bytes:
    return _purpose(
        version,
        "key-encryption key",
        wrapper="passphrase",
        algorithm="argon2id",
        memory_kib=kdf.memory_kib,
        iterations=kdf.iterations,
        parallelism=kdf.parallelism,
        salt=kdf.salt.hex(),
    )


def _data_key_purpose(version: int, name: str) -> bytes:
    return _purpose(version, "data key", name=name)


def _purpose(version: int, what: str, **details: str | int) -> bytes:
    """Return the associated data that binds a sealed key to what it is for."""
    return json.dumps({"vault": version, "holds": what, **details}, sort_keys=True, separators=(",", ":")).encode()


def _seal(key: bytes, secret: bytes, purpose: bytes) -> Sealed:
    nonce = secrets.token_bytes(12)
    return Sealed(nonce, AESGCM(key).encrypt(nonce, secret, purpose))


def _open(key: bytes, sealed: Sealed, purpose: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, purpose)
    except InvalidTag:
        return None


def _keys(kek: bytes, data_keys: dict[str, bytes]) -> Keys:
    return Keys(**data_keys, handover=_derived(kek, b"quantbox handover 1"), tokens=_derived(kek, b"quantbox tokens 1"))


def _derived(kek: bytes, what_for: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=what_for).derive(kek)
