"""What can be wrong with a backup, and what a restore refuses."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = [
    "BackupDamaged",
    "BackupFileMissing",
    "BackupKeyMissing",
    "BackupNotFound",
    "BackupPassphraseWrong",
    "BackupTooNew",
    "BackupUnverified",
    "FileExists",
    "FolderNotWritable",
    "KeysRotated",
    "NoBackup",
    "OutboundPaused",
    "OwnPassphraseNeeded",
    "ProgramHoldsStore",
    "RestorePending",
    "RestoredMeanwhile",
    "ScheduleInvalid",
    "StoreBehindPassphrase",
    "StoreInTheWay",
]


class KeysRotated(Conflict):
    """The store's keys were made anew while a backup under the old ones was being made."""

    code = "backup.keys_rotated"
    sentence = Text("备份期间密钥已轮换，备份未完成", "The keys were rotated meanwhile; the backup was not made")
    hint = Text("请重新备份", "Make the backup again")


class NoBackup(Invalid):
    """The file is no backup of this program."""

    code = "backup.no_backup"
    sentence = Text("{file} 不是 QuantBox 的备份文件", "{file} is no backup of QuantBox")
    hint = Text("请选择扩展名为 .qbbackup 的文件", "Choose a file that ends in .qbbackup")


class BackupTooNew(Invalid):
    """A newer program has written the file."""

    code = "backup.too_new"
    sentence = Text(
        "备份的格式版本是 {version}，本程序只认识到版本 {supported}",
        "The backup has format {version}; this program knows formats up to {supported}",
    )
    hint = Text("请升级 QuantBox", "Upgrade QuantBox")


class BackupDamaged(Invalid):
    """The file was cut, edited, or went bad on its disk."""

    code = "backup.damaged"
    sentence = Text("备份文件已损坏或被改动：{part}", "The backup is damaged or was changed: {part}")
    hint = Text("请换用另一份备份", "Use another backup")


class BackupFileMissing(NotFound):
    """There is no file of that name, or it cannot be read."""

    code = "backup.file_missing"
    sentence = Text("无法读取备份文件 {file}：{cause}", "The backup {file} cannot be read: {cause}")
    hint = Text("请检查路径和权限", "Check the path and its permissions")


class BackupNotFound(NotFound):
    """The folder of backups holds no such file."""

    code = "backup.not_found"
    sentence = Text("没有名为 {name} 的备份", "There is no backup named {name}")
    hint = Text("请在备份列表中查看", "Look it up in the list of backups")


class BackupPassphraseWrong(Denied):
    """The backup's own pass phrase is wrong."""

    code = "backup.passphrase_wrong"
    sentence = Text("备份口令不正确", "The backup's pass phrase is wrong")
    hint = Text(
        "这份备份有自己的口令，与打开数据的口令不同", "This backup has a pass phrase of its own, other than the one of the data"
    )


class OwnPassphraseNeeded(Denied):
    """The backup opens with its own pass phrase, which was not given."""

    code = "backup.own_passphrase_needed"
    sentence = Text("这份备份有自己的口令", "This backup has a pass phrase of its own")
    hint = Text("请给出备份口令（--backup-passphrase-file）", "Give the backup's pass phrase (--backup-passphrase-file)")


class StoreBehindPassphrase(Denied):
    """The backup opens with the vault's pass phrase or recovery code, of which none was given."""

    code = "backup.passphrase_needed"
    sentence = Text(
        "这份备份用备份当时的数据口令或恢复码打开", "This backup opens with the pass phrase or recovery code of its time"
    )
    hint = Text(
        "请给出口令（--passphrase-file）或恢复码（--recovery-code-file）",
        "Give the pass phrase (--passphrase-file) or the recovery code (--recovery-code-file)",
    )


class BackupKeyMissing(Denied):
    """The open store does not hold the key of this file."""

    code = "backup.key_missing"
    sentence = Text("当前数据打不开 {name}：它由别的数据制作", "The open store cannot open {name}: another store made it")
    hint = Text(
        "请用命令行验证并给出当时的口令：quantbox backup verify",
        "Verify it on the command line with the pass phrase of its time: quantbox backup verify",
    )


class BackupUnverified(Unavailable):
    """A new backup did not hold what was to be saved when it was read again; it was thrown away."""

    code = "backup.unverified"
    sentence = Text(
        "备份写入后复核不一致（{part}），已丢弃", "The new backup did not read back right ({part}) and was thrown away"
    )
    hint = Text("请检查磁盘后重试", "Check the disk and try again")


class FileExists(Conflict):
    """A file of that name is there already."""

    code = "backup.file_exists"
    sentence = Text("{file} 已存在，未作改动", "{file} exists already and was left untouched")
    hint = Text("请换一个文件名", "Choose another name")


class FolderNotWritable(Unavailable):
    """The new backup cannot be written where it was asked for: no such folder, or a closed one."""

    code = "backup.folder_not_writable"
    sentence = Text("无法在 {folder} 中写入备份：{cause}", "No backup can be written in {folder}: {cause}")
    hint = Text("请检查文件夹是否存在、是否可写", "Check that the folder exists and can be written to")


class StoreInTheWay(Conflict):
    """The folder holds a store, and replacing it was not asked for."""

    code = "backup.store_in_the_way"
    sentence = Text("{data_dir} 中已有数据，未作任何改动", "{data_dir} holds a store already; it was left untouched")
    hint = Text("请选择空文件夹，或用 --replace 替换", "Choose an empty folder, or replace it with --replace")


class ProgramHoldsStore(Unavailable):
    """The program, or another command, works with the store that is to be replaced."""

    code = "backup.store_in_use"
    sentence = Text("{data_dir} 正被程序或另一个命令使用", "{data_dir} is in use by the program or another command")
    hint = Text("请先锁定或退出程序，或在程序的备份页面中恢复", "Lock or end the program first, or restore on its backup page")


class RestorePending(Conflict):
    """A store restored earlier waits to be put in place."""

    code = "backup.restore_pending"
    sentence = Text("{data_dir} 中上次恢复的数据还没有启用", "A store restored earlier into {data_dir} is not in place yet")
    hint = Text("请重新启动程序，恢复会自动完成", "Start the program again: it finishes the restore by itself")


class RestoredMeanwhile(Conflict):
    """A job was under way when the store it belongs to was saved; another one, restored, does not go on with it."""

    code = "backup.restored_meanwhile"
    sentence = Text(
        "任务在备份时尚未结束，恢复后不再继续",
        "The job had not ended when the backup was made; a restored store does not go on with it",
    )
    hint = Text("需要时请重新运行", "Run it again if you need it")


class ScheduleInvalid(Invalid):
    """A value of the schedule is outside its bounds."""

    code = "backup.schedule_invalid"
    sentence = Text("{name} 为 {value}，应为 {allowed}", "{name} is {value}; it must be {allowed}")
    hint = Text("请改用范围内的值", "Use a value within the bounds")


class OutboundPaused(Conflict):
    """A restored store sends nothing before its owner has confirmed that it is the one to go on with."""

    code = "backup.outbound_paused"
    sentence = Text("数据刚从备份恢复，对外发送已暂停", "The store was restored from a backup: nothing is sent until you confirm")
    hint = Text(
        "请所有者在备份页面确认；登录时可改用动态码、通行密钥或备用码",
        "The owner confirms on the backup page; to sign in, use an app's code, a passkey or a recovery code",
    )
