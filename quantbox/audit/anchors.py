"""The anchor: the last link of the chain kept outside the database, where putting back an older file cannot reach it.

An anchor is a small JSON text: which store, the sequence number and hash of the last record, when, and an HMAC-SHA256
over them with the store's audit key, so that nobody without the key makes one. It is kept in a file of the user's state
folder and, where the system has one, in its keychain; the database must hold the anchored record and may only go beyond
it (a crash between a record's commit and its anchor leaves it ahead).

An anchor moves on only from a link the database still holds. One that does not fit is left where it is: it is the evidence.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from quantbox.core.files import write_atomically
from quantbox.core.processes import FileLock, restrict_to_owner

__all__ = ["Anchor", "AnchorPlace", "Anchorage", "FilePlace", "Found"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 14
_FOLLOWER_SECONDS = 2.0
State = Literal["valid", "missing", "forged", "unreachable"]


class AnchorPlace(Protocol):
    """Somewhere outside the database that keeps one short text for a store."""

    #: "file" or "keychain".
    name: str
    #: Whether a store is only anchored with it; a keychain may come and go.
    is_required: bool

    def read(self) -> str | None:
        """Return the text; None where there is none. Raises OSError where it cannot be looked at."""
        ...

    def write(self, text: str) -> None:
        """Keep the text in the place of the one before. Raises OSError where it cannot be kept."""
        ...


class FilePlace:
    """A file outside the data folder.

    Parameters
    ----------
    path : Path
        Its folder is made when absent.
    """

    name = "file"
    is_required = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str | None:
        """Return what the file holds."""
        try:
            with self.path.open("rb") as file:
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    def write(self, text: str) -> None:
        """Replace the file as a whole."""
        if not self.path.parent.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            restrict_to_owner(self.path.parent)
        write_atomically(self.path, text.encode())


@dataclass(frozen=True)
class Anchor:
    """A link of the chain, as it is kept outside.

    Attributes
    ----------
    at : str
        When it was anchored.
    """

    seq: int
    hash: str
    at: str


@dataclass(frozen=True)
class Found:
    """What a place holds."""

    place: AnchorPlace
    state: State
    anchor: Anchor | None = None


class Anchorage:
    """Every place one store's anchor is kept.

    Parameters
    ----------
    store_id : str
        Names the store in the anchor, so that one of another store does not fit.
    key : bytes
        `Keys.audit`.
    places : sequence of AnchorPlace
        Where it is kept.
    """

    def __init__(self, store_id: str, key: bytes, places: Sequence[AnchorPlace]) -> None:
        self._store_id, self._key = store_id, key
        self._required = [place for place in places if place.is_required]
        self._optional = [place for place in places if not place.is_required]
        paths = [place.path for place in places if isinstance(place, FilePlace)]
        self._lock = FileLock(paths[0].with_suffix(".lock")) if paths else nullcontext()
        self._follower = _Follower(self._optional)

    def read(self) -> list[Found]:
        """Look at every place."""
        self._follower.wait()
        return [self._look(place) for place in (*self._required, *self._optional)]

    def is_missing(self) -> bool:
        """Return whether no place holds anything: a file that was taken away is still remembered by the keychain."""
        is_file_missing = all(self._look(place).state == "missing" for place in self._required)
        return is_file_missing and not any(self._look(place).state in ("valid", "forged") for place in self._optional)

    def advance(self, anchor: Anchor, holds: Callable[[Anchor], bool]) -> None:
        """Move the anchor on, unless another process has moved it further, or the database does not hold the one before.

        A keychain may keep its user waiting for a password and is written behind the caller's back. A place that cannot
        be written is named in the log and stays behind; the chain still holds what it says.
        """
        with self._lock:
            for place in self._required:
                self._advance(place, anchor, holds)
        self._follower.give(lambda place: self._advance(place, anchor, holds))

    def replace(self, anchor: Anchor) -> None:
        """Anchor anew everywhere, whatever is there; raises OSError where a place that is required cannot be written."""
        with self._lock:
            for place in self._required:
                place.write(self._text(anchor, self._key))
        self._follower.give(lambda place: self._write(place, anchor))

    def close(self) -> None:
        """Let what is written behind the caller's back come to its end, for a moment."""
        self._follower.wait()

    def countersign(self, next_key: bytes) -> None:
        """Let the present anchors also be valid under the key a rotation is about to bring.

        So a crash on either side of the rotation's commit leaves an anchor that its key opens.
        """
        with self._lock:
            for found in self.read():
                if found.anchor is not None:
                    found.place.write(self._text(found.anchor, self._key, next_key))

    def _look(self, place: AnchorPlace) -> Found:
        try:
            text = place.read()
        except OSError as problem:
            _log.warning("the anchor of the audit log in the %s cannot be read: %s", place.name, type(problem).__name__)
            return Found(place, "unreachable")
        if text is None:
            return Found(place, "missing")
        anchor = self._parse(text)
        return Found(place, "forged") if anchor is None else Found(place, "valid", anchor)

    def _advance(self, place: AnchorPlace, anchor: Anchor, holds: Callable[[Anchor], bool]) -> None:
        found = self._look(place)
        begins = found.state == "missing" and not place.is_required
        if begins or (found.anchor is not None and found.anchor.seq < anchor.seq and holds(found.anchor)):
            self._write(place, anchor)

    def _write(self, place: AnchorPlace, anchor: Anchor) -> None:
        try:
            place.write(self._text(anchor, self._key))
        except OSError as problem:
            _log.warning("the anchor of the audit log in the %s cannot be written: %s", place.name, type(problem).__name__)

    def _text(self, anchor: Anchor, *keys: bytes) -> str:
        macs = [self._mac(key, anchor) for key in keys]
        content = {"store_id": self._store_id, "seq": anchor.seq, "hash": anchor.hash, "at": anchor.at, "macs": macs}
        return json.dumps(content)

    def _mac(self, key: bytes, anchor: Anchor) -> str:
        signed = json.dumps(["quantbox anchor 1", self._store_id, anchor.seq, anchor.hash, anchor.at])
        return hmac.digest(key, signed.encode(), "sha256").hex()

    def _parse(self, text: str) -> Anchor | None:
        try:
            content = json.loads(text)
            anchor = Anchor(int(content["seq"]), str(content["hash"]), str(content["at"]))
            macs = [str(mac).encode() for mac in content["macs"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        expected = self._mac(self._key, anchor).encode()
        return anchor if any(hmac.compare_digest(mac, expected) for mac in macs) else None


class _Follower:
    """A thread that writes to places which may be slow; of several anchors given meanwhile only the last is written."""

    def __init__(self, places: Sequence[AnchorPlace]) -> None:
        self._places = places
        self._changed = threading.Condition()
        self._work: Callable[[AnchorPlace], None] | None = None
        self._is_busy = False

    def give(self, work: Callable[[AnchorPlace], None]) -> None:
        """Do `work` on every place soon."""
        if not self._places:
            return
        with self._changed:
            self._work = work
            if not self._is_busy:
                self._is_busy = True
                threading.Thread(target=self._run, name="audit-anchor", daemon=True).start()

    def wait(self) -> None:
        """Wait until nothing is under way, but not for somebody who has to type a password first."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_busy, _FOLLOWER_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                work, self._work = self._work, None
                if work is None:
                    self._is_busy = False
                    self._changed.notify_all()
                    return
            for place in self._places:
                try:
                    work(place)
                except Exception as fault:  # noqa: BLE001 - the edge of this thread: the store may be locked meanwhile
                    _log.warning("the anchor of the audit log in the %s stays behind: %s", place.name, type(fault).__name__)
