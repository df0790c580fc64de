"""Everything about processes that differs between systems: locks, starting, ending, limits, permissions, talking.

Nothing outside this folder may fork, send a signal or import fcntl, resource or msvcrt.
"""

from quantbox.core.processes.ending import (
    describe_exit,
    end_process,
    end_this_group,
    kill_tree,
    on_stop_request,
    process_alive,
    process_started_at,
    tree_memory_bytes,
)
from quantbox.core.processes.limits import limit_this_process, protect_this_process, restrict_to_owner
from quantbox.core.processes.locks import FileLock, LockBusy
from quantbox.core.processes.starting import Process, command_line, spawn

__all__ = [
    "FileLock",
    "LockBusy",
    "Process",
    "command_line",
    "describe_exit",
    "end_process",
    "end_this_group",
    "kill_tree",
    "limit_this_process",
    "on_stop_request",
    "process_alive",
    "process_started_at",
    "protect_this_process",
    "restrict_to_owner",
    "spawn",
    "tree_memory_bytes",
]
