"""What a data job is refused for."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = ["AnswerNotReady", "DataRequestNotFound", "FilesRefused", "NothingUpdated", "NothingUploaded"]


class NothingUploaded(Invalid):
    """An import without a file."""

    code = "market_data.nothing_uploaded"
    sentence = Text("没有收到文件", "No file was received")
    hint = Text("请选择一个或多个行情文件", "Choose one or more market data files")


class DataRequestNotFound(NotFound):
    """The account has no such import or update."""

    code = "market_data.request_not_found"
    sentence = Text("没有编号为 {job_id} 的导入或更新", "There is no import or update {job_id}")
    hint = Text("请在任务列表中查看", "Look it up in the list of jobs")


class AnswerNotReady(Conflict):
    """The job has no document: it has not ended, or it ended without one."""

    code = "market_data.answer_not_ready"
    sentence = Text("任务 {job_id} 还没有结果（{state}）", "Job {job_id} has no result yet ({state})")
    hint = Text("请等任务结束；若已失败，请看任务的原因", "Wait until it has ended; if it failed, see the job's reason")


class NothingUpdated(Unavailable):
    """An update that brought nothing for any of its symbols."""

    code = "market_data.nothing_updated"
    sentence = Text("{count} 个标的都未能更新：{first_zh}", "None of the {count} instruments could be updated: {first_en}")
    hint = Text("请检查网络，稍后再试；已存的数据不受影响", "Check the network and try again later; what is stored is untouched")


class FilesRefused(Invalid):
    """Every file of an import was refused."""

    code = "market_data.files_refused"
    sentence = Text("{count} 个文件都未能导入：{first}", "None of the {count} files could be imported: {first}")
    hint = Text("请查看每个文件的原因", "See the reason for each file")
