"""The other place through Apache OpenDAL, and its failures in one sentence each.

Certificates are always verified; there is no way to turn that off. Nothing is read beyond what the caller says it must be:
the other place may send anything. OpenDAL lets other threads run while it talks, but not while it steps through a list:
lists are read on an event loop of their own.

Where a file goes in one piece only (WebDAV), which passes through memory, a large one lies in parts: `.001`, `.002` and so on,
as archivers join them. The first is written last: while it is not there, the file is not.
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
_PART_BYTES = 64 << 20
#: A part takes so many times as long as a piece may.
_PART_PATIENCE = 10
_PART = re.compile(r"\.(\d{3})")
_MOST_PARTS = 999
_MOST_NAMES = 100_000
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
    operator : callable
        Returns the place with so many seconds for a request.
    name : str
        What a person calls it: its host, or the folder.
    """

    def __init__(self, operator: Callable[[float], opendal.Operator], name: str, timeout_seconds: float) -> None:
        self._operator, self.name, self._timeout_seconds = operator(timeout_seconds), name, timeout_seconds
        self._part_seconds = timeout_seconds * _PART_PATIENCE
        self._operator_of_parts = operator(self._part_seconds)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing what has its name."""
        with self._step("write", path):
            self._operator.write(path, content)

    def read(self, path: str, at_most: int) -> bytes:
        """Return a small file.

        Raises
        ------
        TargetObjectMissing
            There is none.
        ObjectDamaged
            It has more than `at_most` bytes.
        """
        return b"".join(self._pieces(path, at_most))

    def size(self, path: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        sizes = self._sizes(path)
        return sum(sizes.values()) if sizes else None

    def delete(self, path: str) -> None:
        """Delete a file; one that is not there is no failure."""
        folder, _, name = path.rpartition("/")
        names = sorted(self._listed(folder)) if folder else []
        parts = [one for one in names if one.startswith(name) and _PART.fullmatch(one, len(name))]
        for one in (path, *(f"{folder}/{part}" for part in parts)):
            with self._step("delete", path):
                self._operator.delete(one)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder."""
        return sorted({name[:-4] if name.endswith(".001") else name for name in self._listed(folder) if _is_whole(name)})

    def send_file(self, path: str, source: Path, told: Callable[[int], None]) -> None:
        """Copy a file there; `told` hears of the bytes sent so far."""
        size = source.stat().st_size
        with source.open("rb") as file:
            if self._operator.capability().write_can_multi:
                with self._step("write", path), self._operator.open(path, "wb", chunk=_PIECE_BYTES) as there:
                    while piece := file.read(_PIECE_BYTES):
                        there.write(piece)
                        told(file.tell())
                return
            count, done = -(-size // _PART_BYTES), 0
            for number in range(count, 0, -1):
                part = f"{path}.{number:03}" if count > 1 else path
                file.seek((number - 1) * _PART_BYTES)
                piece = file.read(_PART_BYTES)
                if self._size_of(part) != len(piece):  # a try cut off goes on where it was
                    with saying_what_failed("write", self.name, part, self._part_seconds):
                        self._operator_of_parts.write(part, piece)
                done += len(piece)
                told(done)

    def fetch_file(self, path: str, out: Path, at_most: int, told: Callable[[int], None]) -> str:
        """Copy a file here and return its SHA-256; raises ObjectDamaged where it has more than `at_most` bytes."""
        digest, done = hashlib.sha256(), 0
        with out.open("xb") as file:
            for part in self._sizes(path) or [path]:
                for piece in self._pieces(part, at_most - done):
                    file.write(piece)
                    digest.update(piece)
                    done += len(piece)
                    told(done)
        return digest.hexdigest()

    def test(self) -> None:
        """Write a small file, read it back and delete it."""
        path, content = f"test-{secrets.token_hex(8)}", secrets.token_bytes(256)
        self.write(path, content)
        found = self.read(path, len(content))
        self.delete(path)
        if found != content:
            raise ObjectDamaged(name=path)

    def _pieces(self, path: str, at_most: int) -> Iterator[bytes]:
        """Yield a file piece by piece; what is done with the pieces fails on its own account."""
        done = 0
        with self._step("read", path), self._operator.open(path, "rb") as there:
            while piece := there.read(min(_PIECE_BYTES, at_most - done + 1)):
                done += len(piece)
                if done > at_most:
                    raise ObjectDamaged(name=path.rsplit("/", 1)[-1])
                yield piece

    def _sizes(self, path: str) -> dict[str, int]:
        """Return the bytes of a file, or of each of its parts in order; nothing where there is none."""
        if (size := self._size_of(path)) is not None:
            return {path: size}
        found: dict[str, int] = {}
        for number in range(1, _MOST_PARTS + 1):
            part = f"{path}.{number:03}"
            if (size := self._size_of(part)) is None:
                break
            found[part] = size
        return found

    def _size_of(self, path: str) -> int | None:
        try:
            with self._step("read", path):
                return int(self._operator.stat(path).content_length)
        except TargetObjectMissing:
            return None

    def _listed(self, folder: str) -> list[str]:
        async def read_list() -> list[str]:
            found: list[str] = []
            async for entry in await self._operator.to_async_operator().list(f"{folder}/"):
                found.append(entry.path)
                if len(found) > _MOST_NAMES:
                    raise TargetFailed(**_told("list", self.name), cause=f"> {_MOST_NAMES}")
            return found

        try:
            with self._step("list", folder):
                paths = asyncio.run(asyncio.wait_for(read_list(), self._timeout_seconds))
        except TargetObjectMissing:
            return []
        return [path.rsplit("/", 1)[1] for path in paths if not path.endswith("/")]

    @contextmanager
    def _step(self, step: str, path: str) -> Iterator[None]:
        with saying_what_failed(step, self.name, path, self._timeout_seconds):
            yield


def _is_whole(name: str) -> bool:
    """Return whether a name is a file's, or the one part that says that all are there."""
    found = _PART.search(name, len(name) - 4) if len(name) > 4 else None
    return found is None or found.group(1) == "001"


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
        return Target(
            lambda seconds: operator.layer(TimeoutLayer(timeout=seconds, io_timeout=seconds)),
            name,
            timeout_seconds=timeout_seconds,
        )


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
    except Exception as problem:  # OpenDAL's exceptions have no class of their own above them; its open files raise OSError
        if not isinstance(problem, OSError) and not type(problem).__module__.startswith("opendal"):
            raise
        raise _translated(step, name, path, seconds, problem) from None


def _translated(step: str, name: str, path: str, seconds: float, problem: Exception) -> QuantBoxError:
    kind, text = type(problem).__name__, str(problem)
    if isinstance(problem, OSError) and problem.errno is None:
        kind = text.partition(" ")[0]  # an open file of OpenDAL's says it so
    found = _STATUS.search(text)
    status = int(found.group(1)) if found else 0
    cause = f"HTTP {status}" if status else kind
    told = _told(step, name)
    if "certificate" in text.lower():
        return TargetUntrusted(**told)
    if "timeout reached" in text or "operation timed out" in text:
        return _slow(step, name, seconds)
    if "client error (Connect)" in text or "invalid IPv4 address" in text:
        return TargetUnreachable(**told, cause="DNS" if "dns error" in text or "invalid dns name" in text else "TCP")
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
