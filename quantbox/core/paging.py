"""Pages of a long list: a bounded number of items and an opaque cursor that opens the next page.

A cursor holds the sort key of the last item shown, so a page stays right while rows are added before it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from quantbox.core.errors import Invalid
from quantbox.core.text import Text

__all__ = ["MAX_PAGE_ITEMS", "CursorInvalid", "Page", "PageSizeInvalid", "decode_cursor", "encode_cursor", "page_limit"]

#: Most items one page may hold.
MAX_PAGE_ITEMS = 500

_MAX_CURSOR_LETTERS = 1000

Item = TypeVar("Item")
Shown = TypeVar("Shown")
Key = str | int


class CursorInvalid(Invalid):
    """The cursor was not made by this program for this list."""

    code = "core.cursor_invalid"
    sentence = Text("翻页标记“{cursor}”无效", "The page cursor “{cursor}” is not valid")
    hint = Text("请从第一页重新开始", "Start again from the first page")


class PageSizeInvalid(Invalid):
    """More items were asked for than a page may hold, or less than one."""

    code = "core.page_size_invalid"
    sentence = Text("每页 {limit} 条超出范围，应为 1 至 {maximum}", "{limit} items a page is outside 1 to {maximum}")
    hint = Text("请改用范围内的数", "Ask for a number within the range")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items of a list, and the cursor of the next page (None on the last page)."""

    items: Sequence[Item]
    next_cursor: str | None

    def map(self, show: Callable[[Item], Shown]) -> Page[Shown]:
        """Return the same page with `show` applied to every item."""
        return Page([show(item) for item in self.items], self.next_cursor)


def page_limit(limit: int) -> int:
    """Return `limit`, or refuse it when a page may not hold so many."""
    if not 1 <= limit <= MAX_PAGE_ITEMS:
        raise PageSizeInvalid(limit=limit, maximum=MAX_PAGE_ITEMS)
    return limit


def encode_cursor(*key: Key) -> str:
    """Return the cursor that opens the page after the item with this sort key."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type[str] | type[int]) -> tuple[Key, ...]:
    """Return the sort key in `cursor`; it must hold one value of each of `types`."""
    if len(cursor) > _MAX_CURSOR_LETTERS:
        raise CursorInvalid(cursor=cursor[:80])
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True)
        key = json.loads(text)
        json.dumps(key, ensure_ascii=False).encode()  # half a surrogate pair, which no text in the database holds
    except ValueError:  # UnicodeError, binascii.Error and JSONDecodeError are its children
        raise CursorInvalid(cursor=cursor[:80]) from None
    if not isinstance(key, list) or [type(value) for value in key] != list(types):
        raise CursorInvalid(cursor=cursor[:80])
    return tuple(key)
