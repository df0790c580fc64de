"""What can be wrong with the other place, and with what lies there."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = [
    "CopyNotFound",
    "FolderUnsuitable",
    "ObjectDamaged",
    "OffsiteHoldsReports",
    "OffsiteIncomplete",
    "OffsiteInvalid",
    "OffsiteOff",
    "ReportNotArchived",
    "TargetFailed",
    "TargetObjectMissing",
    "TargetRefused",
    "TargetSecretWrong",
    "TargetSlow",
    "TargetUnreachable",
    "TargetUntrusted",
]


class OffsiteOff(Conflict):
    """No other place was chosen."""

    code = "backup.offsite_off"
    sentence = Text("没有开启异地备份", "Off-site backup is off")
    hint = Text("请先在备份页面选择存放的地方", "Choose a place on the backup page first")


class OffsiteIncomplete(Invalid):
    """Something the place needs was not given."""

    code = "backup.offsite_incomplete"
    sentence = Text("还缺：{missing}", "Missing: {missing}")
    hint = Text("请填写后再保存", "Fill it in, then save")


class OffsiteInvalid(Invalid):
    """A value of the settings cannot be used."""

    code = "backup.offsite_invalid"
    sentence = Text("{name} 为“{value}”，应为 {allowed}", "{name} is “{value}”; it must be {allowed}")
    hint = Text("请改正后再保存", "Correct it, then save")


class FolderUnsuitable(Invalid):
    """The folder is not there, is no folder, or lies in the data folder itself."""

    code = "backup.offsite_folder"
    sentence = Text("文件夹 {path} 不能用", "The folder {path} cannot be used")
    hint = Text(
        "请选一个已经存在、不在数据文件夹里的文件夹；网络盘请先连接好",
        "Choose a folder that exists and does not lie in the data folder; connect a network drive first",
    )


class OffsiteHoldsReports(Conflict):
    """Reports lie at the present place alone."""

    code = "backup.offsite_holds_reports"
    sentence = Text(
        "有 {count} 份报告只存放在现在的地方，新的地方找不到它们",
        "{count} reports lie at the present place alone, not at the new one",
    )
    hint = Text(
        "请先取回这些报告，或用服务商的工具把文件原样搬到新的地方",
        "Bring them back first, or move the files to the new place as they are",
    )


class TargetUnreachable(Unavailable):
    """Nothing answers at the address."""

    code = "backup.offsite_unreachable"
    sentence = Text("{step}失败：连接不上 {place}（{cause}）", "{step_en}: {place} cannot be reached ({cause})")
    hint = Text("请检查网络和地址；恢复后会自动重试", "Check the network and the address; it is tried again by itself")


class TargetUntrusted(Unavailable):
    """The certificate of the place is not one this machine trusts."""

    code = "backup.offsite_untrusted"
    sentence = Text("{step}失败：{place} 的证书不可信", "{step_en}: the certificate of {place} is not trusted")
    hint = Text(
        "请使用有正式证书的地址；证书检查不能关闭", "Use an address with a proper certificate; the check cannot be turned off"
    )


class TargetSecretWrong(Unavailable):
    """The place does not accept the name or the secret."""

    code = "backup.offsite_secret_wrong"
    sentence = Text("{step}失败：{place} 不接受用户名或密钥", "{step_en}: {place} does not accept the name or the secret")
    hint = Text("请检查用户名、密钥，以及是否有读写权限", "Check name and secret, and that they may read and write there")


class TargetRefused(Unavailable):
    """The place knows us and does not allow this."""

    code = "backup.offsite_refused"
    sentence = Text("{step}失败：{place} 拒绝了请求（{cause}）", "{step_en}: {place} refused ({cause})")
    hint = Text("请检查存储桶、目录和权限", "Check bucket, folder and permissions")


class TargetSlow(Unavailable):
    """The place did not answer in time."""

    code = "backup.offsite_slow"
    sentence = Text("{step}失败：{place} 在 {seconds} 秒内没有回应", "{step_en}: {place} did not answer within {seconds} seconds")
    hint = Text("请检查网络；之后会自动重试", "Check the network; it is tried again by itself")


class TargetFailed(Unavailable):
    """The place failed by its own fault."""

    code = "backup.offsite_failed"
    sentence = Text("{step}失败：{place} 出错（{cause}）", "{step_en}: {place} failed ({cause})")
    hint = Text("之后会自动重试；一直失败请咨询服务商", "It is tried again by itself; if it goes on, ask the provider")


class TargetObjectMissing(Unavailable):
    """What was sent there is there no longer."""

    code = "backup.offsite_missing"
    sentence = Text("{place} 上没有 {name}", "{place} does not hold {name}")
    hint = Text("它可能被别人删除；请检查该处的文件", "Somebody may have deleted it; look at the files there")


class ObjectDamaged(Conflict):
    """What lies at the other place is not what was sent there."""

    code = "backup.offsite_damaged"
    sentence = Text(
        "异地的 {name} 已损坏或被改动，没有采用", "{name} at the other place is damaged or was changed; it was not used"
    )
    hint = Text("请检查谁能改动那里的文件", "See who can change the files there")


class CopyNotFound(NotFound):
    """There is no such copy of a backup."""

    code = "backup.offsite_copy_not_found"
    sentence = Text("异地没有名为 {name} 的备份", "There is no backup {name} at the other place")
    hint = Text("请在异地备份的列表中查看", "Look it up in the list of copies")


class ReportNotArchived(Conflict):
    """The report is here."""

    code = "backup.report_not_archived"
    sentence = Text("回测 {backtest_id} 的报告就在本机", "The report of backtest {backtest_id} is not archived")
    hint = Text("直接打开即可", "Just open it")
