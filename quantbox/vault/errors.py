"""What can be wrong with a pass phrase or with vault.json."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound
from quantbox.core.text import Text

__all__ = ["FieldDamaged", "PassphraseShort", "PassphraseWrong", "StoreExists", "StoreMissing", "VaultDamaged", "VaultTooNew"]


class FieldDamaged(Invalid):
    """A sealed field was changed, or moved to another row, column or version."""

    code = "vault.field_damaged"
    sentence = Text("{table}.{column} 中的一个加密字段被改动或调换", "A sealed field in {table}.{column} was changed or moved")
    hint = Text("请从备份恢复", "Restore from a backup")


class PassphraseShort(Invalid):
    """A new pass phrase has too few characters."""

    code = "vault.passphrase_short"
    sentence = Text(
        "口令只有 {characters} 个字符，至少需要 {minimum} 个",
        "The pass phrase has {characters} characters; at least {minimum} are needed",
    )
    hint = Text("可以用几个不相干的词连成一句话", "A sentence of a few unrelated words is easy to remember")


class PassphraseWrong(Denied):
    """The pass phrase does not open this vault."""

    code = "vault.passphrase_wrong"
    sentence = Text("口令不正确", "The pass phrase is wrong")
    hint = Text("请检查大小写和输入法后重试", "Check capitals and the input method, then try again")


class StoreExists(Conflict):
    """A store lies here already; it stays untouched."""

    code = "vault.exists"
    sentence = Text("{data_dir} 中已有数据库，未作任何改动", "A store exists already in {data_dir}; it was left untouched")
    hint = Text("请直接解锁，或用 --data-dir 选择另一个文件夹", "Unlock it, or choose another folder with --data-dir")


class StoreMissing(NotFound):
    """No store lies here yet."""

    code = "vault.missing"
    sentence = Text("{data_dir} 中还没有数据库", "There is no store in {data_dir} yet")
    hint = Text(
        "请先运行 quantbox init，或打开程序完成首次设置",
        "Run quantbox init first, or open the program and follow the first steps",
    )


class VaultDamaged(Invalid):
    """vault.json is not what this program wrote."""

    code = "vault.damaged"
    sentence = Text("{path} 已损坏或被改动：{part}", "{path} is damaged or was changed: {part}")
    hint = Text("请从备份恢复这个文件；口令本身没有问题", "Restore this file from a backup; the pass phrase is not at fault")


class VaultTooNew(Invalid):
    """vault.json was written by a newer version of the program."""

    code = "vault.too_new"
    sentence = Text(
        "{path} 的版本是 {version}，本程序只认识到版本 {supported}",
        "{path} has version {version}; this program knows versions up to {supported}",
    )
    hint = Text("请升级 QuantBox", "Upgrade QuantBox")
