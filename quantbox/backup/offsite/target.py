"""The other place through Apache OpenDAL, and its failures in one sentence each.

Certificates are always verified; there is no way to turn that off. OpenDAL lets other threads run while it talks, but not
while it steps through a list: lists are read on an event loop of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from quantbox.backup.offsite.errors import (
    FolderUnsuitable,
    ObjectDamaged,
    TargetFailed,
    TargetFileTooLarge,
    TargetObjectMissing,
    TargetRefused,
    TargetSecretWrong,
    TargetSlow,
    TargetUnreachable,
    TargetUntrusted,
)
from quantbox.backup.offsite.models import OffsiteKind, Place
from quantbox.core.errors import QuantBoxError

if TYPE_CHECKING:
    import opendal

__all__ = ["Target", "make_target"]

#: For one piece of a file; a backup goes in many.
TIMEOUT_SECONDS = 60.0
_PIECE_BYTES = 8 << 20
#: What one piece may hold where files go in one only; it passes through memory.
_MAX_WHOLE_BYTES = 512 << 20
_STATUS = re.compile(r"status: (\d{3})")
_STEPS = {
    "write": ("写入", "Writing"),
    "read": ("读取", "Reading"),
    "delete": ("删除", "Deleting"),
    "list": ("列出文件", "Listing"),
    "connect": ("连接", "Connecting"),
}


class Target:
    """Files by name below one folder of the other place.

    Parameters
    ----------
    operator : opendal.Operator
        The place.
    name : str
        What a person calls it: its host, or the folder.
    """

    def __init__(self, operator: opendal.Operator, name: str, timeout_seconds: float) -> None:
        self._operator, self.name, self._timeout_seconds = operator, name, timeout_seconds

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing what has its name."""
        with self._step("write", path):
            self._operator.write(path, content)

    def read(self, path: str) -> bytes:
        """Return a small file; raises TargetObjectMissing where there is none."""
        with self._step("read", path):
            return bytes(self._operator.read(path))

    def size(self, path: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            with self._step("read", path):
                return int(self._operator.stat(path).content_length)
        except TargetObjectMissing:
            return None

    def delete(self, path: str) -> None:
        """Delete a file; one that is not there is no failure."""
        with self._step("delete", path):
            self._operator.delete(path)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder."""

        async def read_list() -> list[str]:
            entries = await self._operator.to_async_operator().list(f"{folder}/")
            return [entry.path async for entry in entries]

        try:
            with self._step("list", folder):
                paths = asyncio.run(asyncio.wait_for(read_list(), self._timeout_seconds))
        except TargetObjectMissing:
            return []
        return sorted(path.rsplit("/", 1)[1] for path in paths if not path.endswith("/"))

    def send_file(self, path: str, source: Path, told: Callable[[int], None]) -> None:
        """Copy a file there; `told` hears of the bytes sent so far."""
        size = source.stat().st_size
        if not self._operator.capability().write_can_multi:
            if size > _MAX_WHOLE_BYTES:
                raise TargetFileTooLarge(name=source.name, size=size >> 20, maximum=_MAX_WHOLE_BYTES >> 20)
            self.write(path, source.read_bytes())
            told(size)
            return
        with source.open("rb") as file, self._step("write", path), self._operator.open(path, "wb", chunk=_PIECE_BYTES) as there:
            while piece := file.read(_PIECE_BYTES):
                there.write(piece)
                told(file.tell())

    def fetch_file(self, path: str, out: Path, told: Callable[[int], None]) -> str:
        """Copy a file here and return its SHA-256."""
        digest, done = hashlib.sha256(), 0
        with self._step("read", path), self._operator.open(path, "rb") as there, out.open("xb") as file:
            while piece := there.read(_PIECE_BYTES):
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                told(done)
        return digest.hexdigest()

    def test(self) -> None:
        """Write a small file, read it back and delete it."""
        path, content = f"test-{secrets.token_hex(8)}", secrets.token_bytes(256)
        self.write(path, content)
        found = self.read(path)
        self.delete(path)
        if found != content:
            raise ObjectDamaged(name=path)

    @contextmanager
    def _step(self, step: str, path: str) -> Iterator[None]:
        with saying_what_failed(step, self.name, path, self._timeout_seconds):
            yield


def make_target(place: Place, prefix: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Target:
    """Return the target of settings; files go below `prefix`."""
    import opendal
    from opendal.layers import TimeoutLayer

    options = place.settings.options
    if place.settings.kind is OffsiteKind.FOLDER:
        folder = Path(options["path"])
        if not folder.is_dir():  # OpenDAL would make it, on the local disk where a network drive is not connected
            raise FolderUnsuitable(path=str(folder))
        scheme, arguments, name = "fs", {"root": str(folder / prefix)}, str(folder)
    else:
        scheme, arguments = _arguments_of(place)
        arguments["root"] = "/".join(["", *(part for part in (options.get("root", "").strip("/"), prefix) if part)])
        name = urlsplit(options["endpoint"]).hostname or options["endpoint"]
    with saying_what_failed("connect", name, prefix, timeout_seconds):
        operator = opendal.Operator(scheme, **arguments)
        return Target(operator.layer(TimeoutLayer(timeout=timeout_seconds, io_timeout=timeout_seconds)), name, timeout_seconds)


def _arguments_of(place: Place) -> tuple[str, dict[str, Any]]:
    """Return OpenDAL's name of a service and its settings; never anything from environment or home folder."""
    kind, options = place.settings.kind, place.settings.options
    endpoint = options["endpoint"].rstrip("/")
    if kind is OffsiteKind.WEBDAV:
        return "webdav", {"endpoint": endpoint, "username": options["user"], "password": place.secret}
    arguments = {"endpoint": endpoint, "bucket": options["bucket"]}
    if kind is OffsiteKind.S3:
        style = {} if options.get("style") == "path" else {"enable_virtual_host_style": "true"}
        keys = {"access_key_id": options["user"], "secret_access_key": place.secret, "region": options["region"]}
        return "s3", {**arguments, **keys, **style, "disable_config_load": "true", "disable_ec2_metadata": "true"}
    if kind is OffsiteKind.OSS:
        keys = {"access_key_id": options["user"], "access_key_secret": place.secret}
        return "oss", {**arguments, **keys, "addressing_style": options.get("style") or "virtual"}
    keys = {"secret_id": options["user"], "secret_key": place.secret}
    return "cos", {**arguments, **keys, "disable_config_load": "true"}


@contextmanager
def saying_what_failed(step: str, name: str, path: str, seconds: float) -> Iterator[None]:
    """Turn OpenDAL's failures into the house's."""
    try:
        yield
    except QuantBoxError:
        raise
    except TimeoutError:
        raise _slow(step, name, seconds) from None
    except OSError as problem:
        raise TargetFailed(**_told(step, name), cause=type(problem).__name__) from problem
    except Exception as problem:  # OpenDAL's exceptions have no class of their own above them
        if not type(problem).__module__.startswith("opendal"):
            raise
        raise _translated(step, name, path, seconds, problem) from None


def _translated(step: str, name: str, path: str, seconds: float, problem: Exception) -> QuantBoxError:
    kind, text = type(problem).__name__, str(problem)
    found = _STATUS.search(text)
    status = int(found.group(1)) if found else 0
    cause = f"HTTP {status}" if status else kind
    told = _told(step, name)
    if "certificate" in text.lower():
        return TargetUntrusted(**told)
    if "timeout reached" in text or "operation timed out" in text:
        return _slow(step, name, seconds)
    if "client error (Connect)" in text or "invalid IPv4 address" in text:
        return TargetUnreachable(**told, cause="DNS" if "dns error" in text else "TCP")
    if status in (401, 403) or kind == "PermissionDenied":
        return TargetSecretWrong(**told)
    if kind == "NotFound" and "NoSuchBucket" not in text:
        return TargetObjectMissing(place=name, name=path.rsplit("/", 1)[-1])
    if kind == "ConfigInvalid" or "NoSuchBucket" in text or 400 <= status < 500:
        return TargetRefused(**told, cause="NoSuchBucket" if "NoSuchBucket" in text else cause)
    return TargetFailed(**told, cause=cause)


def _slow(step: str, name: str, seconds: float) -> TargetSlow:
    return TargetSlow(**_told(step, name), seconds=f"{seconds:g}")


def _told(step: str, name: str) -> dict[str, str]:
    return {"place": name, "step": _STEPS[step][0], "step_en": _STEPS[step][1]}
