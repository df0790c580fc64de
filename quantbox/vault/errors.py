"""What can be wrong with a pass phrase or with vault.json."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = [
    "FieldDamaged",
    "KeychainUnavailable",
    "KmsAccessKeyNeeded",
    "KmsNotEnabled",
    "KmsRefused",
    "KmsUnreachable",
    "PassphraseShort",
    "PassphraseWrong",
    "RecoveryCodeMistyped",
    "RecoveryCodeWrong",
    "RecoveryKitMissing",
    "RecoveryKitNotConfirmed",
    "RecoveryKitVoid",
    "StoreExists",
    "StoreMissing",
    "VaultChanged",
    "VaultDamaged",
    "VaultTooNew",
]


class FieldDamaged(Conflict):
    """A sealed field was changed, or moved to another row, column or version."""

    code = "vault.field_damaged"
    sentence = Text("{table}.{column} 中的一个加密字段被改动或调换", "A sealed field in {table}.{column} was changed or moved")
    hint = Text("请从备份恢复", "Restore from a backup")


class KeychainUnavailable(Unavailable):
    """The operating system's keychain cannot keep a key."""

    code = "vault.keychain_unavailable"
    sentence = Text("{reason_zh}", "{reason_en}")
    hint = Text("请用口令或恢复包解锁", "Unlock with the pass phrase or the recovery kit")

    def __init__(self, reason: Text) -> None:
        super().__init__(reason_zh=reason.in_language("zh"), reason_en=reason.in_language("en"))


class KmsAccessKeyNeeded(Denied):
    """The access key of the key service was not given, and no keychain keeps it."""

    code = "vault.kms_access_key_needed"
    sentence = Text("需要密钥管理服务的访问密钥", "The access key of the key service is needed")
    hint = Text("请输入 AccessKey，或用口令解锁", "Enter the access key, or unlock with the pass phrase")


class KmsNotEnabled(Conflict):
    """No cloud key service opens this vault."""

    code = "vault.kms_not_enabled"
    sentence = Text("尚未启用云密钥管理服务", "No cloud key service is set up")
    hint = Text("请用口令或恢复包解锁", "Unlock with the pass phrase or the recovery kit")


class KmsRefused(Denied):
    """The cloud key service does not do what was asked."""

    code = "vault.kms_refused"
    sentence = Text("密钥管理服务 {endpoint} 拒绝了请求：{problem}", "The key service {endpoint} refused: {problem}")
    hint = Text(
        "请检查访问密钥的权限、密钥编号和密钥状态", "Check the access key's rights, the key id and whether the key is enabled"
    )


class KmsUnreachable(Unavailable):
    """The cloud key service did not answer."""

    code = "vault.kms_unreachable"
    sentence = Text("密钥管理服务 {endpoint} 没有应答", "The key service {endpoint} did not answer")
    hint = Text("请检查网络和地址，或用口令解锁", "Check the network and the address, or unlock with the pass phrase")


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


class RecoveryCodeMistyped(Invalid):
    """What was typed is no recovery code; every code carries checks of its own."""

    code = "vault.recovery_code_mistyped"
    sentence = Text(
        "恢复码有误：请核对第 {groups} 组（已输入 {characters} 个字符，应为 {expected} 个）",
        "This is no recovery code: look at group {groups} ({characters} characters typed, {expected} expected)",
    )
    hint = Text("恢复码共七组，每组五个字符", "A code has seven groups of five characters")


class RecoveryCodeWrong(Denied):
    """The recovery code does not open this vault."""

    code = "vault.recovery_code_wrong"
    sentence = Text("恢复码不正确", "The recovery code is wrong")
    hint = Text("请确认恢复包属于这个数据库", "Check that the recovery kit belongs to this store")


class RecoveryKitMissing(NotFound):
    """No recovery kit waits to be confirmed, or none was made."""

    code = "vault.recovery_kit_missing"
    sentence = Text("没有这样的恢复包", "There is no such recovery kit")
    hint = Text("请重新生成恢复包", "Make a recovery kit")


class RecoveryKitNotConfirmed(Invalid):
    """The groups typed are not those of the kit just made."""

    code = "vault.recovery_kit_not_confirmed"
    sentence = Text("输入的分组与新恢复包不符", "The groups typed are not those of the new kit")
    hint = Text("请对照抄下的恢复码重新输入", "Type them again from what you wrote down")


class RecoveryKitVoid(Denied):
    """The code belongs to a kit that no longer opens the store."""

    code = "vault.recovery_kit_void"
    sentence = Text(
        "这份恢复包（{created} 生成）已于 {voided} 作废", "This recovery kit, made on {created}, has been void since {voided}"
    )
    hint = Text(
        "请使用最新的恢复包；作废前的备份仍可用它打开",
        "Use the latest kit; backups made before that still open with this one",
    )


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


class VaultChanged(Conflict):
    """The vault changed between opening it and writing it."""

    code = "vault.changed"
    sentence = Text("密钥文件刚刚被另一个操作更改", "The vault was changed by another act just now")
    hint = Text("请重试", "Try again")


class VaultDamaged(Conflict):
    """vault.json is not what this program wrote."""

    code = "vault.damaged"
    sentence = Text("{path} 已损坏或被改动：{part}", "{path} is damaged or was changed: {part}")
    hint = Text("请从备份恢复这个文件；口令本身没有问题", "Restore this file from a backup; the pass phrase is not at fault")


class VaultTooNew(Conflict):
    """vault.json was written by a newer version of the program."""

    code = "vault.too_new"
    sentence = Text(
        "{path} 的版本是 {version}，本程序只认识到版本 {supported}",
        "{path} has version {version}; this program knows versions up to {supported}",
    )
    hint = Text("请升级 QuantBox", "Upgrade QuantBox")
