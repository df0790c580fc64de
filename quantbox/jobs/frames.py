"""The format of the pipes between a job's worker and its child: length-prefixed JSON, bulk input after the header."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from quantbox.core.foreign_json import parse_foreign_json

__all__ = ["MAX_FRAME_BYTES", "read_frame", "read_request", "write_frame", "write_request"]

#: A larger frame is taken for a broken child.
MAX_FRAME_BYTES = 256 << 20


def write_request(pipe: IO[bytes], header: dict[str, Any], feeds: Sequence[bytes]) -> None:
    """Send a request down `pipe`."""
    write_frame(pipe, header | {"feed_count": len(feeds)})
    for feed in feeds:
        pipe.write(len(feed).to_bytes(8, "big"))
        pipe.write(feed)
    pipe.flush()


def read_request(pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Return the header and the feeds of a request; raises EOFError when it is cut."""
    header = read_frame(pipe)
    if header is None:
        raise EOFError
    return header, [_read_exactly(pipe, int.from_bytes(_read_exactly(pipe, 8), "big")) for _ in range(header["feed_count"])]


def write_frame(pipe: IO[bytes], frame: dict[str, Any]) -> None:
    """Send one frame."""
    content = json.dumps(frame, separators=(",", ":")).encode()
    pipe.write(len(content).to_bytes(4, "big") + content)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> dict[str, Any] | None:
    """Return the next frame, None at the end of the pipe; raises ValueError for what is no frame."""
    head = pipe.read(4)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if len(head) < 4 or length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    frame = parse_foreign_json(_read_exactly(pipe, length))
    if not isinstance(frame, dict):
        raise ValueError("a frame must be an object")
    return frame


def _read_exactly(pipe: IO[bytes], length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content
