"""Entries are read under suspicion: no path but a backup's own, no more than was said, nothing the manifest does not name."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.backup import entries
from quantbox.backup.entries import EntryReader, EntryWriter, check_path
from quantbox.backup.errors import BackupDamaged

#: Archive paths that climbed out of their folder somewhere (zip-slip), and names that are devices, drives or streams.
HOSTILE = [
    "/etc/passwd",
    "../quantbox.db",
    "market/../../x",
    "market/..",
    "market/.",
    "market//x",
    "market/",
    "market",
    "market/x/",
    "C:/x",
    "c:x",
    "market/c:",
    "market\\x",
    "..\\x",
    "market/x:stream",
    "market/CON",
    "market/con.parquet",
    "market/nul",
    "market/LPT1.txt",
    "market/com0",
    "market/x.",
    "market/x ",
    "market/ x",
    "market/x\x00",
    "market/x\n",
    "market/.hidden",
    "market/\u202ex",
    "market/é",
    "market/a/b/c/d/e",
    "Quantbox.db",
    "quantbox.db-wal",
    "run/program.json",
    "store.lock",
    "restore/ready.json",
    "",
    "market/" + "x" * 300,
]
KNOWN = ["quantbox.db", "vault.json", "market/manifest.json", "market/bars/1d/2024.3.parquet", "market/calendar.parquet"]


def stream(*files: tuple[str, bytes], manifest: Any = None) -> bytes:
    """Return a stream written by hand: 2 bytes length of path, 8 bytes length of content, path, content."""
    listed = [{"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for path, content in files]
    text = json.dumps({"files": listed} if manifest is None else manifest).encode()
    parts = [*files, ("manifest.json", text)]
    return b"".join(struct.pack(">HQ", len(path.encode()), len(content)) + path.encode() + content for path, content in parts)


def read(content: bytes, size: int = 7) -> tuple[dict[str, Any], dict[str, bytes]]:
    taken: dict[str, io.BytesIO] = {}
    values: dict[str, bytes] = {}

    class Kept(io.BytesIO):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

        def close(self) -> None:
            values[self.path] = self.getvalue()
            super().close()

    def open_sink(path: str, _size: int) -> io.BytesIO:
        taken[path] = Kept(path)
        return taken[path]

    manifest = EntryReader((content[at : at + size] for at in range(0, len(content), size)), open_sink).read()
    return manifest, values


def test_what_was_written_is_read_whatever_the_chunks() -> None:
    written = bytearray()
    writer = EntryWriter(written.extend)
    writer.add("vault.json", 2, io.BytesIO(b"{}"))
    writer.add("market/bars/1d/2024.3.parquet", 5, io.BytesIO(b"PAR1x and more that was not announced"))
    made = writer.finish({"contents": {"bars": 3}})
    for size in (1, 7, 1000):
        manifest, values = read(bytes(written), size)
        assert manifest == made
        assert manifest["contents"] == {"bars": 3}
        assert values == {"vault.json": b"{}", "market/bars/1d/2024.3.parquet": b"PAR1x"}


def test_the_reader_reads_a_stream_written_by_hand() -> None:
    assert read(stream(("vault.json", b"{}")))[1] == {"vault.json": b"{}"}


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_no_backup_has_is_refused_before_its_content_is_taken(path: str) -> None:
    def refuse(path: str, _size: int) -> io.BytesIO:
        raise AssertionError(path)

    with pytest.raises(BackupDamaged):
        EntryReader(iter([stream((path, b"x"))]), refuse).read()


@pytest.mark.parametrize("path", KNOWN)
def test_a_path_a_backup_has_is_taken(path: str) -> None:
    check_path(path)


@given(st.text(max_size=40))
def test_no_accepted_path_leads_elsewhere(text: str) -> None:
    path = f"market/{text}"
    try:
        check_path(path)
    except BackupDamaged:
        return
    assert all(part.strip(". ") and part.isascii() for part in path.split("/"))
    assert not set(path) & set('\\:*?"<>|\x00')


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(stream(("vault.json", b"a"), ("vault.json", b"a")), id="twice"),
        pytest.param(stream(("market/a.parquet", b"a"), ("market/A.parquet", b"a")), id="twice but for case"),
        pytest.param(stream(("vault.json", b"a"), manifest={"files": []}), id="not listed"),
        pytest.param(
            stream(("vault.json", b"a"), manifest={"files": [{"path": "vault.json", "bytes": 1, "sha256": "0" * 64}]}), id="hash"
        ),
        pytest.param(
            stream(manifest={"files": [{"path": "vault.json", "bytes": 1, "sha256": "0" * 64}]}), id="listed, not there"
        ),
        pytest.param(stream(manifest={}), id="no list"),
        pytest.param(stream(manifest=[]), id="no manifest"),
        pytest.param(stream(manifest={"files": [3]}), id="no files"),
        pytest.param(stream(("vault.json", b"a"))[:-1], id="cut"),
        pytest.param(stream(("vault.json", b"a")) + b"x", id="more after the manifest"),
        pytest.param(struct.pack(">HQ", 10, 1 << 62) + b"vault.json" + b"x", id="claims more than there is"),
        pytest.param(struct.pack(">HQ", 13, 1 << 40) + b"manifest.json" + b"{}", id="manifest of a terabyte"),
        pytest.param(struct.pack(">HQ", 0, 0), id="no path"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_does_not_fit_its_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(BackupDamaged):
        read(content)


def test_more_files_than_any_backup_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert entries._MAX_ENTRIES == 100_000
    monkeypatch.setattr(entries, "_MAX_ENTRIES", 100)
    taken: list[str] = []

    def many() -> Iterator[bytes]:
        for number in itertools.count():
            path = f"market/x{number}"
            yield struct.pack(">HQ", len(path), 0) + path.encode()

    def open_sink(path: str, _size: int) -> io.BytesIO:
        taken.append(path)
        return io.BytesIO()

    with pytest.raises(BackupDamaged):
        EntryReader(many(), open_sink).read()
    assert len(taken) == 100


def test_a_file_that_shrinks_while_it_is_read_spoils_the_backup() -> None:
    with pytest.raises(BackupDamaged):
        EntryWriter(lambda _data: None).add("vault.json", 3, io.BytesIO(b"ab"))
