"""What can go wrong between the command line and an open store."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound, QuantBoxError, Unavailable
from quantbox.core.text import Language, Text

__all__ = [
    "FileUnreadable",
    "ForwardedError",
    "PassphraseFileUnreadable",
    "PassphraseNeeded",
    "PassphrasesDiffer",
    "ProgramSilent",
    "StoreBusy",
    "StoreMissing",
    "StoreOpen",
]


class StoreMissing(NotFound):
    """No store in the folder."""

    code = "app.store_missing"
    sentence = Text("{folder} 里还没有数据", "there is no store in {folder}")
    hint = Text(
        "先运行 quantbox init，或打开窗口完成首次设置。",
        "Run quantbox init first, or open the window and finish the first set-up.",
    )


class PassphraseNeeded(Denied):
    """A pass phrase is needed and may not be asked for."""

    code = "app.passphrase_needed"
    sentence = Text("这个命令需要口令", "this command needs the pass phrase")
    hint = Text("用 --passphrase-file FILE 给出口令文件。", "Give a file with --passphrase-file FILE.")


class PassphraseFileUnreadable(Invalid):
    """The pass phrase file cannot be used."""

    code = "app.passphrase_file_unreadable"
    sentence = Text("读不出口令文件 {path}", "the pass phrase file {path} cannot be read")
    hint = Text("文件应为 UTF-8，首行就是口令。", "It must be UTF-8 with the pass phrase on its first line.")


class PassphrasesDiffer(Invalid):
    """The two entries of a new pass phrase differ."""

    code = "app.passphrases_differ"
    sentence = Text("两次输入的口令不一样", "the two entries of the pass phrase differ")
    hint = Text("再运行一次 quantbox init。", "Run quantbox init again.")


class StoreBusy(Unavailable):
    """Another command held the store for longer than we wait."""

    code = "app.store_busy"
    sentence = Text(
        "等了 {wait_seconds} 秒，另一个命令仍占用着数据", "another command still holds the store after {wait_seconds} seconds"
    )
    hint = Text("稍后再试，或用 --wait 等更久。", "Try again later, or wait longer with --wait.")


class StoreOpen(Conflict):
    """The running program has the store open, and only it can close it everywhere for a rotation."""

    code = "app.store_open"
    sentence = Text(
        "程序正在使用数据，无法在命令行更换密钥", "The running program has the store open: its keys are not rotated here"
    )
    hint = Text(
        "请在程序的 设置 › 数据保险箱 里更换，或先锁定数据、退出程序",
        "Rotate them in the program under Settings › Vault, or lock the store or end the program first",
    )


class FileUnreadable(Invalid):
    """A file named on the command line cannot be read as text."""

    code = "app.file_unreadable"
    sentence = Text("读不出文件 {path}：{problem}", "the file {path} cannot be read: {problem}")
    hint = Text("检查路径；策略文件应为 UTF-8。", "Check the path; a strategy file must be UTF-8.")


class ProgramSilent(Unavailable):
    """The running program did not answer to the end."""

    code = "app.program_silent"
    sentence = Text("运行中的程序没有答复：{problem}", "the running program did not answer: {problem}")
    hint = Text("打开窗口看看总览里的任务，再决定是否重做。", "Look at the jobs on the overview before doing it again.")


class ForwardedError(QuantBoxError):
    """An error the running program answered with, as it said it."""

    def __init__(self, code: str, message: str, hint: str, facts: dict[str, object]) -> None:
        self.code = code  # type: ignore[misc]  # one class carries the codes of all
        self._message, self._hint = message, hint
        super().__init__(**facts)

    def message(self, language: Language) -> str:  # noqa: ARG002  already in the language asked for
        """Return the sentence as it was answered."""
        return self._message

    def next_step(self, language: Language) -> str:  # noqa: ARG002  already in the language asked for
        """Return the advice as it was answered."""
        return self._hint
