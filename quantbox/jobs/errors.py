"""What jobs may be refused for, and why they may fail without a fault of their own work."""

from __future__ import annotations

from quantbox.core.errors import Conflict, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = ["InternalFault", "JobCancelled", "JobEnded", "JobNotFound", "JobUnfinished", "KindUnknown", "LeaseLost", "WorkerLost"]


class JobNotFound(NotFound):
    """The account has no such job."""

    code = "jobs.not_found"
    sentence = Text("没有编号为 {job_id} 的任务", "There is no job {job_id}")
    hint = Text("请在任务列表中查看", "Look it up in the list of jobs")


class JobEnded(Conflict):
    """A job that has ended cannot be cancelled."""

    code = "jobs.already_ended"
    sentence = Text(
        "任务 {job_id} 已结束（{state}），无法取消", "Job {job_id} has already ended ({state}) and cannot be cancelled"
    )
    hint = Text("如需重做，请重新提交", "Submit it again to run it once more")


class LeaseLost(Conflict):
    """Somebody else holds the job by now, or it has ended; this attempt's result is not kept."""

    code = "jobs.lease_lost"
    sentence = Text("任务 {job_id} 的第 {attempt} 次尝试已失效", "Attempt {attempt} of job {job_id} is void")
    hint = Text("任务由新的尝试继续", "A newer attempt carries the job on")


class JobCancelled(Conflict):
    """Raised inside a job whose cancelling was asked for."""

    code = "jobs.cancelled"
    sentence = Text("任务 {job_id} 已取消", "Job {job_id} was cancelled")


class WorkerLost(Unavailable):
    """The worker died in every attempt."""

    code = "jobs.worker_lost"
    sentence = Text(
        "执行任务的进程意外退出，已尝试 {attempts} 次",
        "The process running the job died unexpectedly; {attempts} attempts were made",
    )
    hint = Text("请检查内存和磁盘空间后重新提交", "Check memory and disk space, then submit it again")


class KindUnknown(Unavailable):
    """The worker does not know how to do such work."""

    code = "jobs.kind_unknown"
    sentence = Text("不认识的任务类型“{kind}”", "Unknown kind of job “{kind}”")
    hint = Text("任务可能由较新版本的 QuantBox 创建", "A newer version of QuantBox may have made it")


class JobUnfinished(Unavailable):
    """The work returned without saying how it ended."""

    code = "jobs.unfinished"
    sentence = Text("任务没有给出结果", "The job ended without a result")
    hint = Text("请报告此问题", "Please report this fault")


class InternalFault(Unavailable):
    """A fault of the program, found in its log by the error's number."""

    code = "jobs.internal_error"
    sentence = Text("程序内部出错（{cause}），错误编号 {error_id}", "The program failed ({cause}), error number {error_id}")
    hint = Text("请在日志中按编号查找，并报告此问题", "Find the number in the log and report the fault")
