"""What the owner is told of the authority."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Unavailable
from quantbox.core.text import Text

__all__ = ["AuthorityEnding", "ComputerNeeded"]


class AuthorityEnding(Unavailable):
    """The certificate installed on the tablets ends soon, or has ended."""

    code = "lan.authority_ending"
    sentence = Text("装在平板上的签发证书 {until} 到期", "The certificate installed on the tablets ends on {until}")
    hint = Text(
        "请在本页“更换签发证书”，再为每台平板安装证书并配对",
        "Make a new authority on this page, then install its certificate on each tablet and pair it",
    )


class ComputerNeeded(Conflict):
    """The authority was to be replaced over the very connection that it vouches for."""

    code = "lan.computer_needed"
    sentence = Text("只能在电脑上更换签发证书", "A new authority is made at the computer itself")
    hint = Text("请在电脑的“设置 › 平板与局域网”中操作", "Do it there, under Settings › Tablet and LAN")
