"""What the first opening of a store does that came out of a backup, before anybody works with it.

Its sessions and API tokens may have been revoked since the backup; its unfinished work is that of another day; its audit
log is shorter than what is anchored outside. Outbound acts stay paused until the owner confirms.
"""

from __future__ import annotations

from quantbox.audit.service import Audit
from quantbox.backup.errors import RestoredMeanwhile
from quantbox.backup.outbound import Outbound
from quantbox.jobs.models import Reason
from quantbox.jobs.service import JobService
from quantbox.user_auth.service import SignIns

__all__ = ["settle_restored_store"]


def settle_restored_store(outbound: Outbound, sign_ins: SignIns, jobs: JobService, audit: Audit) -> None:
    """Do it once; each step may be done again when the program was cut off in between."""
    restore = outbound.find_unsettled()
    if restore is None:
        return
    sign_ins.end_everybodys_but(None)
    jobs.end_unfinished(Reason.from_error(RestoredMeanwhile()))
    audit.reanchor("restore", backup=restore.backup_sha256, start=restore.backup_created_at.isoformat())
    outbound.mark_settled()
