"""The sensitive acts of the program by name, as the owner reads them.

A route or a command names its act ("vault.lock"); every act stands here, so that the page can show, filter and search it
in either language. An act that was renamed stays here too: its records are kept for good.
"""

from __future__ import annotations

from quantbox.core.text import Text

__all__ = ["ACTS", "acts_called", "name_of"]

ACTS: dict[str, Text] = {
    "session.sign_in": Text("登录", "Sign in"),
    "session.end": Text("退出登录", "Sign out"),
    "session.launch": Text("打开程序窗口", "Open the program's window"),
    "session.sms": Text("发送登录验证短信", "Text a code for signing in"),
    "session.step_up": Text("再次验证身份", "Prove once more who is there"),
    "session.revoke": Text("结束一个登录", "End a session"),
    "session.attempts_lost": Text("错误次数记录损坏并重建", "The counts of wrong guesses were damaged and begun anew"),
    "device.change": Text("修改设备", "Change a device"),
    "device.revoke": Text("移除设备", "Revoke a device"),
    "person.first_owner": Text("设置所有者登录密码", "Set the owner's first password"),
    "person.reset": Text("凭口令重设登录密码", "Reset a password by the pass phrase"),
    "person.own_password": Text("修改自己的密码", "Change one's own password"),
    "person.add": Text("添加人员", "Add a person"),
    "person.change": Text("修改人员", "Change a person"),
    "person.password": Text("重设人员密码", "Reset a person's password"),
    "person.reset_factors": Text("清除人员的第二重验证", "Clear a person's second factors"),
    "person.remove": Text("删除人员", "Remove a person"),
    "vault.create": Text("建立数据", "Create the store"),
    "vault.unlock": Text("解锁数据", "Unlock the store"),
    "vault.lock": Text("锁定数据", "Lock the store"),
    "vault.passphrase": Text("更换口令", "Change the pass phrase"),
    "vault.rotate": Text("更换数据密钥", "Rotate the data keys"),
    "vault.recovery_kit.make": Text("制作恢复包", "Make a recovery kit"),
    "vault.recovery_kit.confirm": Text("确认恢复包", "Confirm the recovery kit"),
    "vault.recovery_kit.remove": Text("废除恢复包", "Remove the recovery kit"),
    "vault.keychain": Text("开关系统钥匙串解锁", "Switch unlocking by the system's keychain"),
    "vault.kms.enable": Text("启用云端密钥服务", "Enable the cloud key service"),
    "vault.kms.disable": Text("停用云端密钥服务", "Disable the cloud key service"),
    "lan.change": Text("修改局域网访问", "Change access over the LAN"),
    "lan.authority": Text("更换局域网签发证书", "Make a new authority for the LAN"),
    "pairing.invite": Text("显示配对二维码", "Invite a tablet to pair"),
    "pairing.take": Text("平板出示配对码", "A tablet brings a pairing code"),
    "pairing.confirm": Text("确认配对平板", "Confirm a paired tablet"),
    "pairing.refuse": Text("拒绝配对", "Refuse a pairing"),
    "settings.change": Text("修改设置", "Change settings"),
    "backtest.submit": Text("提交回测", "Submit a backtest"),
    "backtest.rerun": Text("重新运行回测", "Run a backtest again"),
    "backtest.delete": Text("删除回测", "Delete a backtest"),
    "job.cancel": Text("取消任务", "Cancel a job"),
    "data.import": Text("导入行情", "Import market data"),
    "data.update": Text("更新行情", "Update market data"),
    "data.remove": Text("删除行情", "Remove market data"),
    "data.demo": Text("载入模拟市场", "Load the demo market"),
    "backup.create": Text("备份数据", "Make a backup"),
    "backup.verify": Text("核对备份", "Verify a backup"),
    "backup.rehearse": Text("演练恢复", "Rehearse a restore"),
    "backup.download": Text("下载备份", "Download a backup"),
    "backup.delete": Text("删除备份", "Delete a backup"),
    "backup.schedule": Text("修改备份计划", "Change the backup schedule"),
    "backup.export": Text("导出明文数据", "Export plain data"),
    "backup.restore": Text("从备份恢复", "Restore from a backup"),
    "offsite.change": Text("修改异地备份", "Change off-site backup"),
    "offsite.test": Text("测试异地备份", "Test the off-site store"),
    "offsite.send": Text("立即发送到异地", "Send off-site at once"),
    "offsite.fetch": Text("取回异地的备份", "Fetch an off-site backup"),
    "offsite.delete": Text("删除异地的备份", "Delete an off-site backup"),
    "offsite.bring_back": Text("取回全部归档报告", "Bring back all archived reports"),
    "backtest.bring_back": Text("取回归档报告", "Bring an archived report back"),
    "outbound.resume": Text("恢复对外发送", "Let the store send again"),
    "command.run": Text("运行命令", "Run a command"),
    "factors.totp.begin": Text("开始添加动态码", "Begin adding an authenticator app"),
    "factors.totp.enrol": Text("启用动态码", "Enrol an authenticator app"),
    "factors.totp.remove": Text("移除动态码", "Remove an authenticator app"),
    "factors.passkey.begin": Text("开始添加通行密钥", "Begin adding a passkey"),
    "factors.passkey.enrol": Text("启用通行密钥", "Enrol a passkey"),
    "factors.passkey.remove": Text("移除通行密钥", "Remove a passkey"),
    "factors.recovery.renew": Text("重新生成备用码", "Make new recovery codes"),
    "factors.sms.begin": Text("开始添加手机号", "Begin adding a phone"),
    "factors.sms.enrol": Text("启用短信验证", "Enrol a phone"),
    "factors.sms.remove": Text("移除手机号", "Remove a phone"),
    "settings.sms": Text("修改短信设置", "Change the settings for text messages"),
    "settings.sms.test": Text("发送测试短信", "Send a test message"),
    "token.create": Text("新建 API 令牌", "Make an API token"),
    "token.refresh": Text("刷新 API 令牌", "Refresh an API token"),
    "token.revoke": Text("撤销 API 令牌", "Revoke an API token"),
    "audit.export": Text("导出审计日志", "Export the audit log"),
    "audit.anchor": Text("重新锚定审计日志", "Anchor the audit log anew"),
}


def name_of(act: str) -> Text:
    """Return what the owner calls an act."""
    return ACTS.get(act) or Text(act.replace("{", "").replace("}", ""), act.replace("{", "").replace("}", ""))


def acts_called(text: str) -> list[str]:
    """Return the acts whose name in either language holds `text`."""
    wanted = text.casefold()
    return [act for act, name in ACTS.items() if wanted in name.zh.casefold() or wanted in name.en.casefold()]
