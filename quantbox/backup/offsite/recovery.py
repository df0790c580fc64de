"""Objects opened without their store: a folder fetched with the provider's tool, and the pass phrase of their time.

What is found is compared with the newest manifest found. A manifest that is missing, or an older one put back, cannot be told
from the folder alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quantbox.backup.errors import FileExists
from quantbox.backup.offsite.errors import ObjectDamaged
from quantbox.backup.offsite.models import REPORT, VERSION
from quantbox.backup.offsite.objects import MANIFEST
from quantbox.backup.offsite.sealing import SealedObject
from quantbox.core.files import write_atomically
from quantbox.vault.models import Keys

__all__ = ["open_objects"]

_OBJECT = re.compile(r"[0-9a-f]{64}")
_MANIFEST = re.compile(r"\d{12}")
_UNSAFE = re.compile(r"[^\w.\-]+")
_LONGEST_STEM = 60
#: No report and no list of objects is larger; what is was not written by this program.
_LARGEST_BYTES = 256 << 20


@dataclass
class _Found:
    """What a folder held."""

    strategies: list[dict[str, str]] = field(default_factory=list)
    reports: int = 0
    damaged: list[str] = field(default_factory=list)
    #: SHA-256 of each object that opened, by name.
    hashes: dict[str, str] = field(default_factory=dict)


def open_objects(folder: Path, out: Path, unlock: Callable[[bytes], Keys]) -> dict[str, Any]:
    """Write each strategy found below `folder` to the new folder `out`, and return what was found.

    Parameters
    ----------
    unlock : callable
        Returns the keys of a copy of vault.json.

    Returns
    -------
    dict
        `out`, `strategies`, `reports` (how many), `damaged`; `compared_with` is when the newest manifest was written (None
        without one), and against it: `missing` is not here, `differing` opens and is not what was sent last, `unlisted` was
        sent later, or deleted there and put back.
    """
    if out.exists():
        raise FileExists(file=str(out))
    opener, found = _Opener(unlock), _Found()
    for path in _files(folder, _OBJECT):
        try:
            kind, content, sha256 = opener.open(path, VERSION, REPORT)
        except ObjectDamaged:
            found.damaged.append(path.name)
            continue
        found.hashes[path.name] = sha256
        if kind == REPORT:
            found.reports += 1
        else:
            found.strategies.append(_write_version(out, json.loads(content)))
    document = {"out": str(out), "strategies": found.strategies, "reports": found.reports, "damaged": found.damaged}
    return {**document, **_compare(folder, opener, found)}


class _Opener:
    """Opens objects, deriving the keys of each copy of vault.json once."""

    def __init__(self, unlock: Callable[[bytes], Keys]) -> None:
        self._unlock = unlock
        self._keys: dict[bytes, Keys] = {}

    def open(self, path: Path, *kinds: str) -> tuple[str, bytes, str]:
        """Return which of the kinds an object is, its content, and the SHA-256 of the file.

        The kind stands nowhere but in what the content is bound to.
        """
        if path.stat().st_size > _LARGEST_BYTES:
            raise ObjectDamaged(name=path.name)
        file = path.read_bytes()
        sealed = SealedObject.parse(file, path.name)
        digest = hashlib.sha256(sealed.vault).digest()
        if digest not in self._keys:
            self._keys[digest] = self._unlock(sealed.vault)
        key = sealed.key_by(self._keys[digest].archive)
        for kind in kinds:
            with contextlib.suppress(ObjectDamaged):
                return kind, sealed.open(kind, key), hashlib.sha256(file).hexdigest()
        raise ObjectDamaged(name=path.name)


def _compare(folder: Path, opener: _Opener, found: _Found) -> dict[str, Any]:
    """Hold what was found against the newest manifest that opens; a folder of several stores has one of each."""
    written: dict[Path, tuple[str, dict[str, str]]] = {}
    for path in _files(folder, _MANIFEST):  # the newest of a folder comes last
        try:
            _kind, content, _sha256 = opener.open(path, MANIFEST)
        except ObjectDamaged:
            found.damaged.append(path.name)
            continue
        listing = json.loads(content)
        written[path.parent] = (listing["written_at"], {one["name"]: one["sha256"] for one in listing["objects"]})
    listed = {name: sha256 for _moment, names in written.values() for name, sha256 in names.items()}
    return {
        "compared_with": max((moment for moment, _names in written.values()), default=None),
        "missing": sorted(listed.keys() - found.hashes.keys() - set(found.damaged)),
        "differing": [name for name, sha256 in found.hashes.items() if listed.get(name, sha256) != sha256],
        "unlisted": sorted(found.hashes.keys() - listed.keys()) if written else [],
    }


def _write_version(out: Path, version: dict[str, str]) -> dict[str, str]:
    stem = _UNSAFE.sub("_", Path(version["file_name"]).stem)[:_LONGEST_STEM]
    name = f"{stem}-{version['content_hash'][:12]}.py"
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / name, version["source"].encode("utf-8", "surrogatepass"))
    return {"path": name, "file_name": version["file_name"], "saved_at": version["saved_at"]}


def _files(folder: Path, name: re.Pattern[str]) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if name.fullmatch(one.name) and one.is_file())
