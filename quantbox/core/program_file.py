"""Says whether the program runs on a data folder and where it listens; holds no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from quantbox.core.paths import DataFolder
from quantbox.core.processes import process_alive

__all__ = ["RunningProgram", "find_program"]


@dataclass(frozen=True)
class RunningProgram:
    """A program found running on the folder.

    Attributes
    ----------
    state : str
        "locked" or "unlocked"; a locked program counts as not running for commands.
    started_at : float
        Start of the process as `process_started_at` gives it, so that a reused pid is not taken for it.
    """

    pid: int
    started_at: float
    url: str
    state: str
    instance: str

    @property
    def is_unlocked(self) -> bool:
        """Return whether it holds the store."""
        return self.state == "unlocked"

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(asdict(self))


def find_program(folder: DataFolder) -> RunningProgram | None:
    """Return the program that runs on `folder`, or None; a file left by a dead process is no program."""
    try:
        fields = json.loads(folder.program_file.read_text(encoding="utf-8"))
        program = RunningProgram(**fields)
        is_alive = process_alive(program.pid, program.started_at)
    except (OSError, ValueError, TypeError, OverflowError):  # not what this program wrote
        return None
    return program if is_alive else None
