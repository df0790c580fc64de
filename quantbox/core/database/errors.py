"""What opening the encrypted database may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Denied, Unavailable
from quantbox.core.text import Text

__all__ = ["DatabaseClosed", "DatabaseKeyWrong", "DatabaseUnavailable", "SchemaNewer"]


class DatabaseClosed(Unavailable):
    """The store was locked while something still worked with it."""

    code = "core.database_closed"
    sentence = Text("数据已锁定，尚未做完的操作已停止", "The store was locked, and what was not finished was stopped")
    hint = Text("请解锁后重试", "Unlock it and try again")


class DatabaseKeyWrong(Denied):
    """The file does not open with the key."""

    code = "core.database_key_wrong"
    sentence = Text("数据库 {file} 无法用此密钥打开", "The database {file} does not open with this key")
    hint = Text(
        "请确认口令属于此数据文件夹；若文件已损坏，请恢复备份",
        "Check that the pass phrase belongs to this folder; restore a backup if the file is damaged",
    )


class DatabaseUnavailable(Unavailable):
    """The file cannot be opened or written now."""

    code = "core.database_unavailable"
    sentence = Text("数据库 {file} 无法打开：{cause}", "The database {file} cannot be opened: {cause}")
    hint = Text("请检查磁盘空间和文件夹权限", "Check the disk space and the folder's permissions")


class SchemaNewer(Unavailable):
    """A newer version of the program has written the file."""

    code = "core.database_schema_newer"
    sentence = Text(
        "数据库的结构版本是 {found}，本程序只认得到 {newest}",
        "The database has schema {found}; this program knows up to {newest}",
    )
    hint = Text("请使用较新版本的 QuantBox", "Use a newer version of QuantBox")
