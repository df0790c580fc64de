"""vault.json, version 3: reading it strictly, writing it whole.

The check sum tells an accident (bad disk, cut copy, edited text) from a wrong pass phrase before anything is
derived. It is no protection against intent: that is the authenticated encryption of each wrapped key, whose
associated data holds version, store, epoch, purpose and, for a wrapper, its kind and every parameter.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from quantbox.core.files import write_atomically
from quantbox.vault.errors import VaultDamaged, VaultTooNew
from quantbox.vault.old_document import OLD_VERSION, OldDocument
from quantbox.vault.recovery_code import GROUPS
from quantbox.vault.wrappers import keychain, kms, passphrase, recovery
from quantbox.vault.wrappers.base import Binding, Check, Sealed, Wrapper, WrapperKind, binary, decode, encode, whole

__all__ = [
    "DATA_KEYS",
    "MAX_VOID_KITS",
    "VERSION",
    "PendingKit",
    "VaultDocument",
    "VoidKit",
    "parse_document",
    "parse_wrapper",
    "read_document",
    "show_wrapper",
    "to_bytes",
    "write_document",
]

VERSION = 3
#: Purposes of the random keys sealed under the key-encryption key.
DATA_KEYS = ("database", "fields", "audit", "archive", "backup")
MAX_VOID_KITS = 100
_KINDS: dict[str, WrapperKind] = {way.KIND.name: way.KIND for way in (passphrase, recovery, keychain, kms)}
_MAX_FILE_BYTES = 1 << 20
_SEALED: dict[str, Check] = {"nonce": binary(range(12, 13)), "ciphertext": binary(range(48, 49))}  # the key and GCM's tag
_CHECK_BYTES = 32


@dataclass(frozen=True)
class PendingKit:
    """A recovery kit that was printed but not yet confirmed; it opens nothing.

    Attributes
    ----------
    wrapper : Wrapper
        Becomes the vault's when the kit is confirmed.
    confirm : tuple of int
        Numbers of the groups to be typed.
    check : bytes
        Authenticates those groups under a key of the unlocked vault, so that the file helps nobody to guess them.
    """

    wrapper: Wrapper
    confirm: tuple[int, ...]
    check: bytes


@dataclass(frozen=True)
class VoidKit:
    """A recovery kit that once opened this store, so that its code can be called void instead of wrong."""

    kit_id: str
    created_at: str
    voided_at: str


@dataclass(frozen=True)
class VaultDocument:
    """The content of vault.json.

    Attributes
    ----------
    store_id : str
        Never changes.
    epoch : int
        From 1; grows with every rotation.
    rotated_at : str or None
        When the keys were last made anew.
    wrappers : tuple of Wrapper
        The ways to open the vault, at most one of a kind, the pass phrase always among them.
    data_keys : dict of str to Sealed
        Keys of the data, by purpose, sealed under the key-encryption key.
    pending_kit : PendingKit or None
        A recovery kit waiting to be confirmed.
    void_kits : tuple of VoidKit
        Those replaced, removed or ended by a rotation.
    """

    store_id: str
    epoch: int
    rotated_at: str | None
    wrappers: tuple[Wrapper, ...]
    data_keys: dict[str, Sealed]
    pending_kit: PendingKit | None = None
    void_kits: tuple[VoidKit, ...] = field(default=())

    @property
    def binding(self) -> Binding:
        """Return what every sealed key of this document is bound to."""
        return Binding(VERSION, self.store_id, self.epoch)

    def find(self, kind: str) -> Wrapper | None:
        """Return the wrapper of a kind; None when this way is not open."""
        return next((wrapper for wrapper in self.wrappers if wrapper.kind == kind), None)

    def without(self, kind: str) -> VaultDocument:
        """Return the document with this way closed."""
        return replace(self, wrappers=tuple(wrapper for wrapper in self.wrappers if wrapper.kind != kind))

    def with_wrapper(self, wrapper: Wrapper) -> VaultDocument:
        """Return the document with `wrapper` in the place of the one of its kind."""
        return replace(self, wrappers=(*self.without(wrapper.kind).wrappers, wrapper))


def write_document(path: Path, document: VaultDocument) -> None:
    """Write `document` so that a crash leaves the old file or the new one."""
    write_atomically(path, to_bytes(document))


def to_bytes(document: VaultDocument) -> bytes:
    """Return the text of vault.json."""
    pending = document.pending_kit
    content: dict[str, Any] = {
        "version": VERSION,
        "store_id": document.store_id,
        "epoch": document.epoch,
        "rotated_at": document.rotated_at,
        "wrappers": [show_wrapper(wrapper) for wrapper in document.wrappers],
        "pending_kit": None
        if pending is None
        else {"wrapper": show_wrapper(pending.wrapper), "confirm": list(pending.confirm), "check": encode(pending.check)},
        "void_kits": [vars(kit) for kit in document.void_kits],
        "data_keys": {purpose: _show_sealed(sealed) for purpose, sealed in document.data_keys.items()},
    }
    content["checksum"] = _checksum(content)
    return json.dumps(content, indent=2).encode() + b"\n"


def read_document(path: Path) -> VaultDocument | OldDocument:
    """Return the content of `path`, or raise VaultDamaged naming the part that is wrong."""
    with path.open("rb") as file:
        return parse_document(file.read(_MAX_FILE_BYTES + 1), str(path))


def parse_document(text: bytes, path: str) -> VaultDocument | OldDocument:
    """Return the content of a vault.json that lies anywhere; `path` is what an error calls it."""
    reader = _Reader(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise reader.damaged("json") from None
    return reader.read(content)


def show_wrapper(wrapper: Wrapper) -> dict[str, Any]:
    """Return a wrapper as it stands in vault.json; no secret is in it."""
    return {
        "kind": wrapper.kind,
        "created_at": wrapper.created_at,
        "parameters": dict(wrapper.parameters),
        **_show_sealed(wrapper.sealed),
    }


def parse_wrapper(shown: Any) -> Wrapper:
    """Return the wrapper that `show_wrapper` showed, or raise VaultDamaged naming the part that is wrong."""
    return _Reader("vault.json").wrapper(shown, set(_KINDS))


class _Reader:
    """Checks every field, and names the one that is wrong."""

    def __init__(self, path: str) -> None:
        self._path = path

    def damaged(self, part: str) -> VaultDamaged:
        return VaultDamaged(path=self._path, part=part)

    def read(self, content: Any) -> VaultDocument | OldDocument:
        version = content.get("version") if isinstance(content, dict) else None
        if type(version) is int and version > VERSION:
            raise VaultTooNew(path=self._path, version=version, supported=VERSION)
        if not isinstance(content, dict) or content.get("checksum") != _checksum(content):
            raise self.damaged("checksum" if isinstance(content, dict) else "document")
        if type(version) is not int or version not in (OLD_VERSION, VERSION):
            raise self.damaged("version")
        return self._read_today(content) if version == VERSION else self._read_old(content)

    def _read_today(self, content: dict[str, Any]) -> VaultDocument:
        names = {"version", "store_id", "epoch", "rotated_at", "wrappers", "pending_kit", "void_kits", "data_keys", "checksum"}
        self._fields(content, "document", names)
        if not isinstance(content["store_id"], str) or not re.fullmatch("[0-9a-f]{32}", content["store_id"]):
            raise self.damaged("store_id")
        if not whole(range(1, 1 << 31))(content["epoch"]):
            raise self.damaged("epoch")
        if content["rotated_at"] is not None:
            self._moment(content["rotated_at"], "rotated_at")
        return VaultDocument(
            store_id=content["store_id"],
            epoch=content["epoch"],
            rotated_at=content["rotated_at"],
            wrappers=self._wrappers(content["wrappers"]),
            data_keys=self._data_keys(content["data_keys"], DATA_KEYS),
            pending_kit=None if content["pending_kit"] is None else self._pending(content["pending_kit"]),
            void_kits=self._void_kits(content["void_kits"]),
        )

    def _read_old(self, content: dict[str, Any]) -> OldDocument:
        self._fields(content, "document", {"version", "wrappers", "data_keys", "checksum"})
        if not isinstance(content["wrappers"], list) or len(content["wrappers"]) != 1:
            raise self.damaged("wrappers")
        old = self._fields(content["wrappers"][0], "wrappers", {"kind", "kdf", "nonce", "ciphertext"})
        wrapper = {"kind": old["kind"], "created_at": "1970-01-01T00:00:00+00:00", "parameters": old["kdf"]}
        return OldDocument(
            wrapper=self.wrapper({**wrapper, "nonce": old["nonce"], "ciphertext": old["ciphertext"]}, {"passphrase"}),
            database=self._data_keys(content["data_keys"], ("database",))["database"],
        )

    def _wrappers(self, value: Any) -> tuple[Wrapper, ...]:
        if not isinstance(value, list) or len(value) > len(_KINDS):
            raise self.damaged("wrappers")
        wrappers = tuple(self.wrapper(one, set(_KINDS)) for one in value)
        kinds = [wrapper.kind for wrapper in wrappers]
        if len(set(kinds)) != len(kinds) or passphrase.KIND.name not in kinds:
            raise self.damaged("wrappers")
        return wrappers

    def wrapper(self, value: Any, kinds: set[str]) -> Wrapper:
        shown = self._fields(value, "wrappers", {"kind", "created_at", "parameters", *_SEALED})
        kind = shown["kind"]
        if not isinstance(kind, str) or kind not in kinds:
            raise self.damaged("wrappers.kind")
        part = f"wrappers.{kind}"
        checks = _KINDS[kind].parameters
        parameters = self._fields(shown["parameters"], f"{part}.parameters", set(checks))
        for name, accepts in checks.items():
            if not accepts(parameters[name]):
                raise self.damaged(f"{part}.{name}")
        sealed = self._sealed({name: shown[name] for name in _SEALED}, part)
        return Wrapper(kind, self._moment(shown["created_at"], f"{part}.created_at"), parameters, sealed)

    def _pending(self, value: Any) -> PendingKit:
        shown = self._fields(value, "pending_kit", {"wrapper", "confirm", "check"})
        confirm = shown["confirm"]
        numbers = whole(range(1, GROUPS + 1))
        if not isinstance(confirm, list) or not 0 < len(confirm) <= GROUPS or not all(numbers(number) for number in confirm):
            raise self.damaged("pending_kit.confirm")
        if not binary(range(_CHECK_BYTES, _CHECK_BYTES + 1))(shown["check"]):
            raise self.damaged("pending_kit.check")
        return PendingKit(self.wrapper(shown["wrapper"], {recovery.KIND.name}), tuple(confirm), decode(shown["check"]))

    def _void_kits(self, value: Any) -> tuple[VoidKit, ...]:
        if not isinstance(value, list) or len(value) > MAX_VOID_KITS:
            raise self.damaged("void_kits")
        kits = []
        for one in value:
            shown = self._fields(one, "void_kits", {"kit_id", "created_at", "voided_at"})
            if not recovery.KIND.parameters["kit_id"](shown["kit_id"]):
                raise self.damaged("void_kits.kit_id")
            moments = (self._moment(shown[name], f"void_kits.{name}") for name in ("created_at", "voided_at"))
            kits.append(VoidKit(shown["kit_id"], *moments))
        return tuple(kits)

    def _data_keys(self, value: Any, purposes: tuple[str, ...]) -> dict[str, Sealed]:
        shown = self._fields(value, "data_keys", set(purposes))
        return {purpose: self._sealed(shown[purpose], f"data_keys.{purpose}") for purpose in purposes}

    def _sealed(self, value: Any, part: str) -> Sealed:
        shown = self._fields(value, part, set(_SEALED))
        for name, accepts in _SEALED.items():
            if not accepts(shown[name]):
                raise self.damaged(f"{part}.{name}")
        return Sealed(decode(shown["nonce"]), decode(shown["ciphertext"]))

    def _moment(self, value: Any, part: str) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.damaged(part) from None
        if moment.tzinfo is None:
            raise self.damaged(part)
        return str(value)

    def _fields(self, value: Any, part: str, names: set[str]) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != names:
            raise self.damaged(part)
        return value


def _checksum(content: dict[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _show_sealed(sealed: Sealed) -> dict[str, str]:
    return {"nonce": encode(sealed.nonce), "ciphertext": encode(sealed.ciphertext)}
