"""Objects opened without their store: a folder fetched with the provider's tool, and the pass phrase of their time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quantbox.backup.errors import FileExists
from quantbox.backup.offsite.errors import ObjectDamaged
from quantbox.backup.offsite.models import REPORT, VERSION
from quantbox.backup.offsite.sealing import SealedObject
from quantbox.core.files import write_atomically
from quantbox.vault.models import Keys

__all__ = ["open_objects"]

_NAME = re.compile(r"[0-9a-f]{64}")
_UNSAFE = re.compile(r"[^\w.\-]+")
_LONGEST_STEM = 60


def open_objects(folder: Path, out: Path, unlock: Callable[[bytes], Keys]) -> dict[str, Any]:
    """Write each strategy found below `folder` to the new folder `out`, and return what was found.

    Parameters
    ----------
    unlock : callable
        Returns the keys of a copy of vault.json.
    """
    if out.exists():
        raise FileExists(file=str(out))
    keys: dict[bytes, Keys] = {}
    strategies, damaged, reports = [], [], 0
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and _NAME.fullmatch(one.name)):
        try:
            found = SealedObject.parse(path.read_bytes(), path.name)
            digest = hashlib.sha256(found.vault).digest()
            if digest not in keys:
                keys[digest] = unlock(found.vault)
            key = found.key_by(keys[digest].archive)
            kind, content = _open(found, key)
        except ObjectDamaged:
            damaged.append(path.name)
            continue
        if kind == REPORT:
            reports += 1
            continue
        version = json.loads(content)
        stem = _UNSAFE.sub("_", Path(version["file_name"]).stem)[:_LONGEST_STEM]
        name = f"{stem}-{version['content_hash'][:12]}.py"
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / name, version["source"].encode("utf-8", "surrogatepass"))
        strategies.append({"path": name, "file_name": version["file_name"], "saved_at": version["saved_at"]})
    return {"out": str(out), "strategies": strategies, "reports": reports, "damaged": damaged}


def _open(found: SealedObject, key: bytes) -> tuple[str, bytes]:
    """Return what kind an object is, and its content: the kind stands nowhere but in what it is bound to."""
    try:
        return VERSION, found.open(VERSION, key)
    except ObjectDamaged:
        return REPORT, found.open(REPORT, key)
