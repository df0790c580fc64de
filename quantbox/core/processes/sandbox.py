"""Keeps the owner's code inside its process on Linux: Landlock for files, a seccomp filter for sockets and processes.

Both need no root and no other program, and cannot be taken off again. Elsewhere nothing is enforced, and the answer
of `enter_sandbox` says so. What stays possible: reading file names and sizes, and using the processor.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Enforced", "enter_sandbox"]


@dataclass(frozen=True)
class Enforced:
    """What the system keeps this process from.

    Attributes
    ----------
    files : bool
        Writing anywhere, and reading outside the Python installation.
    network : bool
        Opening sockets.
    processes : bool
        Starting processes, and reaching into others.
    """

    files: bool = False
    network: bool = False
    processes: bool = False


def enter_sandbox(readable: Sequence[Path] = ()) -> Enforced:
    """Shut this thread, and all it starts from now on, into the sandbox as far as this system has one.

    Parameters
    ----------
    readable : sequence of Path
        Files and folders that may be read besides the Python installation.
    """
    if _O_PATH == 0:
        return Enforced()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return Enforced()
    _drop_powers(libc)
    files = _restrict_files(libc, [*_python_files(), *readable])
    calls = _restrict_calls(libc)
    return Enforced(files=files, network=calls, processes=calls)


_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38

# --- powers of root ---------------------------------------------------------------------------------------------------

_CAPABILITIES_3 = 0x20080522  # version of the structures of capset (linux/capability.h)
#: The installation may belong to somebody else, whom root may still read.
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1 << 1, 1 << 2


def _drop_powers(libc: ctypes.CDLL) -> None:
    """Give up what root may beyond files: mounting, the clock, modules, accounting. Changes nothing for anybody else."""
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    kept = _CAP_DAC_OVERRIDE | _CAP_DAC_READ_SEARCH if os.geteuid() == 0 else 0
    libc.capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0))


# --- files: Landlock (linux/landlock.h) ------------------------------------------------------------------------------

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_PACKAGE = Path(__file__).resolve().parents[2]  # quantbox itself
_O_PATH: int = getattr(os, "O_PATH", 0)  # Linux only
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
#: All rights of each version of the interface: 1 knows 13, then rename across folders, truncate, and ioctl on devices.
_KNOWN_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_SYSTEM_FILES = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom"),
    *(
        "/sys/devices/system/cpu",
        "/sys/kernel/mm",
        "/sys/fs/cgroup",
        "/proc/self",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/sys/vm",
    ),
)


def _python_files() -> list[Path]:
    """Return what Python needs to import modules: its installation and this package."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [sysconfig.get_path(name) for name in names]
    paths += [sysconfig.get_path(name, vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix}) for name in names]
    bundle = getattr(sys, "_MEIPASS", None)  # the folder of a frozen program
    shared = [Path(sys.base_prefix) / "lib"]  # libpython and the libraries beside it
    return [Path(path) for path in [*paths, bundle, *_SYSTEM_FILES] if path] + shared + [_PACKAGE]


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[Path]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    rights = _KNOWN_RIGHTS[min(version, max(_KNOWN_RIGHTS))]
    attributes = struct.pack("=Q", rights)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(libc, ruleset, path, _READ_FILE | _READ_DIR)
        _allow(libc, ruleset, Path(os.devnull), _READ_FILE | _WRITE_FILE)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, _O_PATH)
    except OSError:
        return  # not on this machine
    try:
        if not path.is_dir():
            rights &= ~_READ_DIR
        rule = struct.pack("=Qi", rights, place)
        libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(1), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)


# --- calls: seccomp (linux/seccomp.h, linux/filter.h) ----------------------------------------------------------------

#: Refused calls and their numbers on x86-64 and on arm64 (None: there is no such call).
_REFUSED: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "io_uring_setup": (425, 425),  # can open sockets past this filter
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    # memory that the limits do not count, and that outlives the process
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # another process's share of the processor
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "setrlimit": (160, 164),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "capset": (126, 91),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # Landlock does not know these changes of files
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
}
#: Calls that depend on an argument: clone only for threads, kill and tgkill only at oneself, prlimit only to read.
_CLONE, _CLONE3, _KILL, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000
_X32_CALLS = 0x40000000


def _argument(index: int, *, high: bool = False) -> int:
    return 16 + 8 * index + (4 if high else 0)


def _refuse(number: int = errno.EPERM) -> int:
    return 0x00050000 | number


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _answer(value: int) -> bytes:
    return _step(_RETURN, value)


def _filter(column: int, architecture: int, pid: int) -> bytes:
    """Return the filter's program; each test jumps over the answer that follows it when it does not apply."""
    steps = [
        *(_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _answer(_KILL_PROCESS)),
        *(_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32_CALLS, 0, 1), _answer(_refuse())),
    ]
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            steps += [_step(_EQUAL, number, 0, 1), _answer(_refuse())]
    # the C library falls back to clone, whose flags can be read here
    steps += [_step(_EQUAL, _CLONE3[column], 0, 1), _answer(_refuse(errno.ENOSYS))]
    steps += [_step(_EQUAL, _CLONE[column], 0, 4), _step(_LOAD, _argument(0)), _step(_ANY_BIT, _CLONE_THREAD, 0, 1)]
    steps += [_answer(_ALLOW), _answer(_refuse())]
    for call in (_KILL[column], _TGKILL[column]):
        steps += [_step(_EQUAL, call, 0, 5), _step(_LOAD, _argument(0)), _step(_EQUAL, pid, 1, 0), _step(_EQUAL, 0, 0, 1)]
        steps += [_answer(_ALLOW), _answer(_refuse())]
    steps += [_step(_EQUAL, _PRLIMIT[column], 0, 6), _step(_LOAD, _argument(2)), _step(_EQUAL, 0, 0, 3)]
    steps += [_step(_LOAD, _argument(2, high=True)), _step(_EQUAL, 0, 0, 1), _answer(_ALLOW), _answer(_refuse())]
    return b"".join([*steps, _answer(_ALLOW)])


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def _restrict_calls(libc: ctypes.CDLL) -> bool:
    known = _ARCHITECTURES.get(platform.machine())
    if known is None or sys.maxsize < 2**32:
        return False
    steps = _filter(*known, os.getpid())
    program = _Program(len(steps) // 8, steps)
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)
