"""The container gives out nothing that is not as it was written: cut, moved, doubled, exchanged or edited chunks are refused."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from quantbox.backup.container import CHUNK_BYTES, ChunkReader, ChunkWriter, Preamble, read_preamble
from quantbox.backup.errors import BackupDamaged, BackupTooNew, NoBackup

KEY = bytes(range(32))
SEALED_CHUNK = CHUNK_BYTES + 16
HEADER = {"created": "2026-11-20T07:30:00+00:00"}


def write(content: bytes, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    writer = ChunkWriter(file, Preamble.of(HEADER), key)
    for start in range(0, len(content), 100_000):
        writer.write(content[start : start + 100_000])
    writer.finish()
    assert writer.sha256.digest() == hashlib.sha256(file.getvalue()).digest()
    assert writer.bytes_written == len(file.getvalue())
    return file.getvalue()


def read(file: bytes, key: bytes = KEY) -> bytes:
    stream = io.BytesIO(file)
    return b"".join(ChunkReader(stream, read_preamble(stream, "some.qbbackup"), key))


def split(file: bytes) -> tuple[bytes, list[bytes]]:
    """Return what stands before the chunks, and the sealed chunks; lengths as the format's description gives them."""
    start = 46 + struct.unpack(">I", file[10:14])[0]
    return file[:start], [file[at : at + SEALED_CHUNK] for at in range(start, len(file), SEALED_CHUNK)]


@pytest.fixture(scope="module")
def content() -> bytes:
    return secrets.token_bytes(4 * CHUNK_BYTES + 17)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_written_is_read(size: int) -> None:
    content = secrets.token_bytes(size)
    assert read(write(content)) == content


def test_the_format_is_what_its_description_says() -> None:
    """Opened here by hand, with AES-GCM alone: nonce = 3 zero bytes, number, last; bound to the hash of all before."""
    content = secrets.token_bytes(CHUNK_BYTES + 5)
    head, chunks = split(write(content))
    assert head[:10] == b"QBBACKUP\x00\x01"
    assert head[14:46] == hashlib.sha256(head[46:]).digest()
    assert json.loads(head[46:]) == HEADER
    opened = b""
    for number, chunk in enumerate(chunks):
        nonce = bytes(3) + number.to_bytes(8, "big") + bytes([number == len(chunks) - 1])
        opened += AESGCM(KEY).decrypt(nonce, chunk, hashlib.sha256(head).digest() + nonce)
    assert opened == content


def test_a_file_cut_at_any_chunk_is_refused(content: bytes) -> None:
    head, chunks = split(write(content))
    for kept in range(len(chunks)):
        with pytest.raises(BackupDamaged):
            read(head + b"".join(chunks[:kept]))
        with pytest.raises(BackupDamaged):
            read(head + b"".join(chunks[:kept]) + chunks[kept][:-1])


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([1, 0, 2, 3, 4], id="reordered"),
        pytest.param([0, 1, 1, 2, 3, 4], id="doubled"),
        pytest.param([0, 2, 3, 4], id="left out"),
        pytest.param([0, 1, 2, 4, 3], id="last moved"),
        pytest.param([0, 1, 2, 3, 4, 4], id="last doubled"),
        pytest.param([4], id="last alone"),
    ],
)
def test_chunks_hold_only_in_their_order(content: bytes, order: list[int]) -> None:
    head, chunks = split(write(content))
    with pytest.raises(BackupDamaged):
        read(head + b"".join(chunks[number] for number in order))


def test_a_chunk_of_another_backup_with_the_same_key_is_refused(content: bytes) -> None:
    file = io.BytesIO()
    other = ChunkWriter(file, Preamble.of({"created": "2026-11-21T07:30:00+00:00"}), KEY)
    other.write(content)
    other.finish()
    head, chunks = split(write(content))
    with pytest.raises(BackupDamaged):
        read(head + split(file.getvalue())[1][0] + b"".join(chunks[1:]))


def test_bytes_after_the_end_are_refused(content: bytes) -> None:
    with pytest.raises(BackupDamaged):
        read(write(content) + b"x")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(BackupDamaged):
        read(write(b"content"), secrets.token_bytes(32))


@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    file = bytearray(write(b"some content of a store"))
    place = data.draw(st.integers(0, len(file) - 1))
    file[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((BackupDamaged, BackupTooNew, NoBackup)):
        read(bytes(file))


@given(st.binary(max_size=300))
def test_any_other_file_is_refused_at_its_head(file: bytes) -> None:
    with pytest.raises(BackupDamaged if file.startswith(b"QBBACKUP") else NoBackup):
        read_preamble(io.BytesIO(file), "x")


def test_a_header_that_claims_gigabytes_is_not_read() -> None:
    claim = struct.pack(">8sHI32s", b"QBBACKUP", 1, 0xFFFFFFFF, bytes(32))
    with pytest.raises(BackupDamaged):
        read_preamble(io.BytesIO(claim), "x")


def test_a_newer_format_is_named() -> None:
    with pytest.raises(BackupTooNew) as refusal:
        read_preamble(io.BytesIO(struct.pack(">8sHI32s", b"QBBACKUP", 2, 0, bytes(32))), "x")
    assert refusal.value.facts == {"version": 2, "supported": 1}
