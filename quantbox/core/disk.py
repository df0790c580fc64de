"""What a full or unwritable disk says to the owner, wherever in the program it shows; what was stored before stays whole."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from quantbox.core.errors import Unavailable
from quantbox.core.text import Text

__all__ = ["DiskFull", "DiskNotWritable", "DiskTooSmall", "find_disk_error", "refuse_full_disk", "require_free"]


class DiskFull(Unavailable):
    """Nothing more can be written."""

    code = "core.disk_full"
    sentence = Text("磁盘已满，已保存的数据完好", "The disk is full; what was stored before is intact")
    hint = Text("请腾出磁盘空间后重试", "Free some disk space and try again")


class DiskNotWritable(Unavailable):
    """The folder is read-only, or belongs to somebody else."""

    code = "core.disk_not_writable"
    sentence = Text("数据文件夹无法写入（{cause}）", "The data folder cannot be written to ({cause})")
    hint = Text("请检查文件夹的权限和磁盘是否只读", "Check the folder's permissions and whether the disk is read-only")


class DiskTooSmall(Unavailable):
    """What is about to be written would not fit; nothing was begun."""

    code = "core.disk_too_small"
    sentence = Text(
        "需要 {needed_mib} MiB 可用空间，磁盘只剩 {free_mib} MiB，尚未开始",
        "{needed_mib} MiB of free space are needed and the disk has {free_mib} MiB; nothing was begun",
    )
    hint = Text("请腾出磁盘空间后重试", "Free some disk space and try again")


#: With less than this free, not even the state of a job can be written.
_LEAST_FREE_BYTES = 64 * 1024

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}


def find_disk_error(error: BaseException | None) -> Unavailable | None:
    """Return what to tell when `error`, or what caused it, is the disk's refusal to be written; None when it is not."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number in _FULL:
            return DiskFull()
        if number in _NOT_WRITABLE:
            return DiskNotWritable(cause=error.strerror if isinstance(error, OSError) else str(error))
        error = error.__cause__
    return None


def refuse_full_disk(folder: Path) -> None:
    """Raise DiskFull when nothing more can be written in `folder`."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        raise DiskFull


def require_free(folder: Path, needed_bytes: int) -> None:
    """Raise DiskTooSmall when `folder` has less room than that."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise DiskTooSmall(needed_mib=-(-needed_bytes // (1 << 20)), free_mib=free >> 20)
