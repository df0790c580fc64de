"""What a full or unwritable disk says to the owner, wherever in the program it shows; what was stored before stays whole."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from quantbox.core.errors import Unavailable
from quantbox.core.text import Text

__all__ = ["DiskFull", "DiskNotWritable", "find_disk_error", "refuse_full_disk"]


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
