"""How processes start: by command line, with an allow-list for the environment, in a group of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from quantbox.core.processes.environment import child_environment

if sys.platform == "win32":
    from quantbox.core.processes.windows_jobs import JobObject
else:
    pass

__all__ = ["Process", "command_line", "spawn"]


class Process(subprocess.Popen[bytes]):
    """A child process; on Windows its Job Object lives and dies with this object."""

    job: Any = None


def command_line(*arguments: str) -> list[str]:
    """Return the argument list that starts this program, from source or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "quantbox.cli", *arguments]


def spawn(
    command: Sequence[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.PIPE,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = None,
    runs_user_code: bool = False,
    memory_bytes: int | None = None,
    extra_environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Process:
    """Start a child in a session (Windows: a group and a Job Object) of its own, so that its whole tree can be ended.

    Parameters
    ----------
    command : sequence of str
        Argument list; never holds a secret, because every user of the machine can read it.
    stdin, stdout, stderr : int, file or None
        As for subprocess.Popen.
    runs_user_code : bool
        Narrows the environment and keeps the child from writing byte code.
    memory_bytes : int, optional
        Windows: memory the whole tree may commit. Elsewhere the child limits itself (`limit_this_process`).
    extra_environment : mapping of str to str, optional
        Variables added to the allow-list's; never a secret.
    folder : Path, optional
        Working folder of the child.
    """
    environment = child_environment(runs_user_code=runs_user_code) | dict(extra_environment or {})
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    process = Process(
        list(command),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        cwd=folder,
        start_new_session=True,
        creationflags=flags,
    )
    if sys.platform == "win32":
        process.job = JobObject(memory_bytes)
        process.job.add(process)
    return process
