"""Looking for texts that nobody may find: in files however they are written, and in what processes show of themselves."""

from __future__ import annotations

import base64
import json
import re
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import psutil

__all__ = ["Onlooker", "Search", "forms"]


def forms(marker: str) -> dict[str, bytes]:
    """Return how a marker may lie on a disk; for base64 the part that no neighbour changes, at each of three places."""
    found = {form: marker.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}
    found["escaped"] = json.dumps(marker).strip('"').encode()
    for place in range(3):
        shifted = base64.b64encode(bytes(place) + marker.encode())
        found[f"base64+{place}"] = shifted[4 if place else 0 : len(shifted) - 4]
    found["hex"] = marker.encode().hex().encode()
    return found


_ZLIB_HEAD = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def unpacked(content: bytes) -> Iterator[bytes]:
    """Yield whatever in `content` unpacks as zlib or gzip."""
    for found in _ZLIB_HEAD.finditer(content):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content[found.start() :], 1 << 22)
        except zlib.error:
            continue


class Search:
    """Looks for markers in every form; more become known on the way."""

    def __init__(self, *markers: str) -> None:
        self.needles: list[tuple[str, str, bytes]] = []
        self.add(*markers)

    def add(self, *markers: str) -> None:
        """Look for these, too."""
        self.needles = self.needles + [(marker, form, needle) for marker in markers for form, needle in forms(marker).items()]

    def hits_in(self, content: bytes, where: str) -> list[str]:
        """Return what is found, and where."""
        return [
            f"{where}: {marker} as {form}"
            for text in (content, *unpacked(content))
            for marker, form, needle in self.needles
            if needle in text
        ]

    def scan(self, folders: list[Path], known: set[Path]) -> list[str]:
        """Look through names and contents of every file below `folders` that is not in `known`."""
        hits: list[str] = []
        for folder in folders:
            for path in folder.rglob("*"):
                if path in known or not path.is_file() or path.is_symlink():
                    continue
                hits += self.hits_in(str(path.relative_to(folder)).encode(), f"name of {path}")
                try:
                    hits += self.hits_in(path.read_bytes(), str(path))
                except OSError:
                    continue  # it ended while we looked
        return hits


class Onlooker:
    """Reads, all the time, what any user of the machine may see of the program's processes."""

    def __init__(self, supervisor: psutil.Process, search: Search) -> None:
        self.hits: set[str] = set()
        self.seen: set[str] = set()
        self._search = search
        self._supervisor, self._stopped = supervisor, threading.Event()
        self._known: set[bytes] = set()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> set[str]:
        self._stopped.set()
        self._thread.join()
        return self.hits

    def _look(self) -> None:
        while not self._stopped.wait(0.05):
            try:
                processes = [self._supervisor, *self._supervisor.children(recursive=True)]
            except psutil.Error:
                continue
            for process in processes:
                try:
                    words = process.cmdline()
                    content = "\0".join([*words, *(f"{key}={value}" for key, value in process.environ().items())]).encode()
                except psutil.Error:
                    continue
                if content in self._known:  # of each process once: they do not change, and there are many markers
                    continue
                self._known.add(content)
                self.seen.update(words)
                self.hits.update(self._search.hits_in(content, f"arguments or environment of {words[3:4]}"))
