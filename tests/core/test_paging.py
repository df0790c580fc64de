"""Pages and their cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.core.paging import CursorInvalid, Page, PageSizeInvalid, decode_cursor, encode_cursor, page_limit


@given(
    key=st.lists(st.one_of(st.integers(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), min_size=1, max_size=4)
)
def test_cursor_gives_back_its_key_and_fits_into_an_address(key: list[str | int]) -> None:
    cursor = encode_cursor(*key)
    assert decode_cursor(cursor, *[type(value) for value in key]) == tuple(key)
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in cursor)


@given(cursor=st.text())
def test_foreign_text_is_refused_or_read_never_a_crash(cursor: str) -> None:
    try:
        (key,) = decode_cursor(cursor, str)
    except CursorInvalid:
        return
    assert isinstance(key, str)


@pytest.mark.parametrize(
    "cursor",
    ["", "a", "%%%", encode_cursor(1), encode_cursor("a", "b"), encode_cursor(True), encode_cursor("x" * 2000), "WyJcdWQ4MDAiXQ"],
)
def test_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(cursor, str)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_page_size_out_of_range_is_refused_with_the_bound(limit: int) -> None:
    with pytest.raises(PageSizeInvalid, match="1 to 500"):
        page_limit(limit)


@pytest.mark.parametrize("limit", [1, 50, 500])
def test_page_size_within_range_is_kept(limit: int) -> None:
    assert page_limit(limit) == limit


def test_map_shows_every_item_and_keeps_the_cursor() -> None:
    assert Page([1, 2], "next").map(str) == Page(["1", "2"], "next")
