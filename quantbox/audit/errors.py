"""What the audit log refuses."""

from __future__ import annotations

from quantbox.core.errors import Conflict
from quantbox.core.text import Text

__all__ = ["ExportRefused"]


class ExportRefused(Conflict):
    """The file cannot be written, or exists already."""

    code = "audit.export_refused"
    sentence = Text("不能写入文件 {path}", "The file {path} cannot be written")
    hint = Text("请给出一个尚不存在、可以写入的文件名", "Name a file that does not exist yet, in a folder that can be written")
