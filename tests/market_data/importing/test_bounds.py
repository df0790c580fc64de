"""Promise 28: size, rows, encoding and entities of an import are bounded, and of a refused file nothing is kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantbox.market_data.importing import delimited, tdx_binary
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, day_file, table

ImportOne = Callable[..., dict[str, Any]]

HEADER = "date,open,high,low,close,volume,amount"
LINES = [f"{bar.date},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume},{bar.amount}" for bar in BARS]
GOOD = table(HEADER, LINES)
#: Nine times nine entities of one another: a billion letters for a parser that follows them.
_NESTED = "".join(f'<!ENTITY b{one} "{"&a;" * 9 if one == 1 else f"&b{one - 1};" * 9}">' for one in range(1, 10))
ENTITIES = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "a">{_NESTED}]><x>&b9;</x>'


def workbook(part: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", part)
    return content.getvalue()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "sh600010.csv"
    path.write_bytes(content)
    return path


def test_promise_28_a_file_beyond_512_mb_is_refused_by_its_size_alone(
    tmp_path: Path, import_one: ImportOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, GOOD)
    with path.open("r+b") as file:
        file.truncate(513 * 1024 * 1024)  # sparse: it takes no room
    opened: list[Path] = []
    really_open = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: opened.append(self) or really_open(self, *a, **k))
    entry = import_one(path)
    assert (entry["refused_code"], path in opened) == ("market_data.file_too_large", False)
    assert "512" in entry["refused"]


@pytest.mark.parametrize(
    ("module", "name", "content"), [(delimited, "sh600010.csv", GOOD), (tdx_binary, "sh600010.day", day_file(BARS))]
)
def test_promise_28_a_file_with_a_row_too_many_is_refused_whole(
    module: Any, name: str, content: bytes, tmp_path: Path, import_one: ImportOne, market_data: MarketData, monkeypatch: Any
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    monkeypatch.setattr(delimited, "_LINES_AT_A_TIME", 4)
    monkeypatch.setattr(module, "MOST_ROWS", len(BARS) - 1)
    assert import_one(path)["refused_code"] == "market_data.too_many_rows"
    assert market_data.series() == [], "what was read before the row too many is not kept"
    monkeypatch.setattr(module, "MOST_ROWS", len(BARS))
    assert import_one(path)["rows"] == len(BARS)


@pytest.mark.parametrize(
    "content",
    [
        ENTITIES.encode(),
        ENTITIES.encode("utf-16"),
        b"\xef\xbb\xbf" + ENTITIES.encode(),
        workbook(ENTITIES),
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    ],
    ids=["entities", "entities in UTF-16", "entities after a BOM", "entities in a workbook", "outside entity", "old workbook"],
)
def test_promise_28_entities_and_workbooks_are_refused_by_their_beginning_and_never_parsed(
    content: bytes, tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    entry = import_one(write(tmp_path, content))
    assert entry["refused_code"] == "market_data.foreign_file"
    assert market_data.series() == []


damage = st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 3), st.binary(min_size=1, max_size=4)), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hits=damage, encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_promise_28_a_damaged_file_gives_rows_or_a_message_and_never_a_crash(
    hits: list[tuple[int, int, bytes]], encoding: str, tmp_path: Path, import_one: ImportOne
) -> None:
    content = bytearray(GOOD.decode().encode(encoding))
    for at, cut, instead in hits:
        content[at : at + cut] = instead
    entry = import_one(write(tmp_path, bytes(content)))
    assert entry["refused_code"] is None or (entry["rows"] == 0 and entry["refused"])
    assert entry["rows"] <= content.count(b"\n") + content.count(b"\r")
