"""What pairing may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound
from quantbox.core.text import Text

__all__ = ["LanNeeded", "PairingCodeRefused", "PairingHostUnknown", "PairingNeeded", "PairingNotReady", "PairingUnknown"]


class PairingCodeRefused(Denied):
    """The code is wrong, old, or was used before; which of them is nobody's business."""

    code = "user_auth.pairing_code_refused"
    sentence = Text("配对码无效、已过期或已被使用", "The pairing code is not valid, has run out, or was used before")
    hint = Text("请在电脑上重新生成二维码并扫描", "Make a new QR code on the computer and scan it")


class PairingUnknown(NotFound):
    """No pairing goes by this name."""

    code = "user_auth.pairing_unknown"
    sentence = Text("没有这次配对", "There is no such pairing")
    hint = Text("请重新生成二维码", "Make a new QR code")


class PairingNotReady(Conflict):
    """The pairing is not at the point where words are compared."""

    code = "user_auth.pairing_not_ready"
    sentence = Text("这次配对当前不能确认", "This pairing cannot be confirmed now")
    hint = Text(
        "请等平板显示六个词；超过两分钟请重新生成二维码",
        "Wait until the tablet shows its six words; after two minutes make a new QR code",
    )


class PairingNeeded(Denied):
    """Somebody signs in over the LAN on a device that is not paired."""

    code = "user_auth.pairing_needed"
    sentence = Text("这台设备没有配对，不能经局域网登录", "This device is not paired, so nobody can sign in on it over the LAN")
    hint = Text(
        "请在电脑上打开“设置 › 平板与局域网”，显示二维码并配对",
        "On the computer, open Settings › Tablet and LAN, show a QR code and pair",
    )


class LanNeeded(Conflict):
    """No listener on the LAN is there for a tablet to reach."""

    code = "user_auth.lan_needed"
    sentence = Text("局域网访问未开启，平板连不上", "Access over the LAN is off, so no tablet can connect")
    hint = Text("请先在“平板与局域网”中开启", "Turn it on first, under Tablet and LAN")


class PairingHostUnknown(Invalid):
    """The QR code was to name a host this program does not answer for on the LAN."""

    code = "user_auth.pairing_host_unknown"
    sentence = Text("局域网监听没有地址 {host}", "The listener on the LAN has no address {host}")
    hint = Text("请从列出的地址中选择", "Choose one of the addresses listed")
