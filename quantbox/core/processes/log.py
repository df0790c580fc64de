"""Where a process of the program writes what went wrong: its error stream, which the supervisor keeps in a file.

One entry is one line, whatever was written into it: line ends and other control letters of what came from outside stand
escaped, so nobody forges an entry. Only the program's own sentences are kept, which name codes, ids and places. What a
library says, and the message of an exception, may hold private content and are left out; their kind and place are kept.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

__all__ = ["OneLine", "write_log_to_stderr"]

_OWN = "quantbox"
_MOST_LETTERS = 4000
#: Whatever a terminal, an editor or a log reader may take for a line end or a command.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_log = logging.getLogger(__name__)


class OneLine(logging.Formatter):
    """Writes an entry as one line of known content."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        is_own = record.name.partition(".")[0] == _OWN
        message = record.getMessage() if is_own else f"at {record.filename}:{record.lineno}"
        if record.exc_info and record.exc_info[0] is not None:
            message += ": " + _places(record.exc_info[0], record.exc_info[2])
        head = f"{self.formatTime(record)} {record.levelname} {record.name} "
        return (head + _CONTROL.sub(_escaped, message))[:_MOST_LETTERS]


def write_log_to_stderr() -> None:
    """Write warnings, errors and what nobody caught, with time and place, to the error stream; never private content."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda uncaught: _log_uncaught(uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback)


def _log_uncaught(kind: type[BaseException], _error: BaseException | None, trace: TracebackType | None) -> None:
    _log.critical("nobody caught %s", _places(kind, trace))


def _places(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Return an exception's kind and where it came from, without what it says."""
    frames = traceback.extract_tb(trace)
    places = " < ".join(f"{frame.filename.rsplit(_OWN, 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f"{kind.__name__} at {places or 'no place'}"


def _escaped(letter: re.Match[str]) -> Any:
    return ascii(letter[0])[1:-1]
