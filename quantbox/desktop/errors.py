"""What can keep the program from starting, or its store from opening."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Unavailable
from quantbox.core.text import Text

__all__ = [
    "AnotherIsStarting",
    "DemoFailed",
    "NotUnlocked",
    "PortTaken",
    "RotationCutOff",
    "StoreBusy",
    "WebDidNotStart",
]


class AnotherIsStarting(Unavailable):
    """Another program took this folder and does not serve anything yet."""

    code = "desktop.another_is_starting"
    sentence = Text("另一个程序正在 {data_dir} 上启动或退出", "Another program is just starting or ending on {data_dir}")
    hint = Text("请稍后再试", "Try again in a moment")


class PortTaken(Conflict):
    """Another program listens on the port that was asked for."""

    code = "desktop.port_taken"
    sentence = Text("端口 {port} 已被其他程序占用", "Port {port} is taken by another program")
    hint = Text("请换一个端口，或不加 --port 由程序自选", "Choose another port, or leave --port out")


class NotUnlocked(Conflict):
    """Only the keys of an open store are rotated from a page."""

    code = "desktop.not_unlocked"
    sentence = Text("数据已锁定，不能更换密钥", "The store is locked: its keys are not rotated")
    hint = Text("请先解锁", "Unlock it first")


class RotationCutOff(Unavailable):
    """The process that rotated the keys died before they changed."""

    code = "desktop.rotation_cut_off"
    sentence = Text(
        "更换密钥的进程中途结束；密钥没有更换，数据完好", "The process that rotated the keys ended early; nothing has changed"
    )
    hint = Text("原因见日志文件夹中的 rotation.log；可以再试一次", "rotation.log in the logs folder says why; try again")


class StoreBusy(Unavailable):
    """A command kept the store open for longer than unlocking waits."""

    code = "desktop.store_busy"
    sentence = Text("等待 {seconds:g} 秒后，仍有命令在使用数据", "A command still uses the store after {seconds:g} seconds")
    hint = Text("请等它结束后再解锁", "Unlock again when it has finished")


class WebDidNotStart(Unavailable):
    """The web process ended several times before it served anything."""

    code = "desktop.web_did_not_start"
    sentence = Text("网页进程启动了 {tries} 次都没有成功", "The web process failed to start {tries} times")
    hint = Text("原因见日志 {log}", "The log {log} says why")


class DemoFailed(Unavailable):
    """The throw-away store could not be made."""

    code = "desktop.demo_failed"
    sentence = Text("示例没有准备成功（退出码 {status}）", "the demo could not be prepared (exit status {status})")
    hint = Text("看上面的错误，再运行一次。", "See the error above and run it again.")
