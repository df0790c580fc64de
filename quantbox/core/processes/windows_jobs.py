"""The Windows half of core/processes.py: a Job Object that ends a whole process tree when its handle closes.

Not run on this project's build machine (Linux); CI files for Windows run the process tests against it.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys

__all__ = ["JobObject"]

_KILL_ON_JOB_CLOSE = 0x2000
_JOB_MEMORY = 0x0200
_EXTENDED_LIMIT_INFORMATION = 9

_BASIC_LIMITS = [
    ("PerProcessUserTimeLimit", ctypes.c_int64),
    ("PerJobUserTimeLimit", ctypes.c_int64),
    ("LimitFlags", ctypes.c_uint32),
    ("MinimumWorkingSetSize", ctypes.c_size_t),
    ("MaximumWorkingSetSize", ctypes.c_size_t),
    ("ActiveProcessLimit", ctypes.c_uint32),
    ("Affinity", ctypes.c_size_t),
    ("PriorityClass", ctypes.c_uint32),
    ("SchedulingClass", ctypes.c_uint32),
]


class _BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = _BASIC_LIMITS


class _ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = [
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    ]


if sys.platform == "win32":

    class JobObject:
        """Holds processes and all they start; closing it, or the death of this process, kills them.

        Parameters
        ----------
        memory_bytes : int, optional
            What all its processes together may commit.
        """

        def __init__(self, memory_bytes: int | None = None) -> None:
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.CreateJobObjectW.restype = ctypes.c_void_p
            self._handle = ctypes.c_void_p(self._kernel.CreateJobObjectW(None, None))
            if not self._handle:
                raise ctypes.WinError(ctypes.get_last_error())
            limits = _ExtendedLimits()
            limits.BasicLimitInformation.LimitFlags = _KILL_ON_JOB_CLOSE | (_JOB_MEMORY if memory_bytes else 0)
            limits.JobMemoryLimit = memory_bytes or 0
            self._check(
                self._kernel.SetInformationJobObject(
                    self._handle, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
                )
            )

        def add(self, process: subprocess.Popen[bytes]) -> None:
            """Take in a process that has just started and waits for its first input."""
            self._check(self._kernel.AssignProcessToJobObject(self._handle, ctypes.c_void_p(int(process._handle))))  # type: ignore[attr-defined]

        def close(self) -> None:
            """Kill what still runs in it."""
            if self._handle:
                self._kernel.CloseHandle(self._handle)
                self._handle = ctypes.c_void_p(None)

        @staticmethod
        def _check(succeeded: int) -> None:
            if not succeeded:
                raise ctypes.WinError(ctypes.get_last_error())
