"""The sensitive acts of the program by name, as the owner reads them.

A route or a command names its act ("vault.lock"); every act stands here, so that the page can show, filter and search it
in either language. An act that was renamed stays here too: its records are kept for good.
"""

from __future__ import annotations

from quantbox.core.text import Text

__all__ = ["ACTS", "acts_called", "name_of"]

ACTS: dict[str, Text] = {
    "vault.create": Text("建立数据", "Create the store"),
    "vault.unlock": Text("解锁数据", "Unlock the store"),
    "vault.lock": Text("锁定数据", "Lock the store"),
    "settings.change": Text("修改设置", "Change settings"),
    "backtest.submit": Text("提交回测", "Submit a backtest"),
    "backtest.delete": Text("删除回测", "Delete a backtest"),
    "job.cancel": Text("取消任务", "Cancel a job"),
    "data.import": Text("导入行情", "Import market data"),
    "data.update": Text("更新行情", "Update market data"),
    "data.remove": Text("删除行情", "Remove market data"),
    "data.demo": Text("载入模拟市场", "Load the demo market"),
    "command.run": Text("运行命令", "Run a command"),
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
