"""The process in which the supervisor has the keys rotated; pass phrases come and codes go by pipe only."""

from __future__ import annotations

import os
import threading
from typing import Any

from quantbox.app.rotation.rotating import answer_of, rotate_store
from quantbox.core.disk import find_disk_error
from quantbox.core.paths import DataFolder
from quantbox.core.processes import protect_this_process
from quantbox.core.processes.control import take_standard_pipes
from quantbox.core.processes.log import write_log_to_stderr

__all__ = ["main"]


def main(folder: DataFolder) -> int:
    """Rotate when the supervisor asks, and end with it."""
    line = take_standard_pipes("rotation")
    write_log_to_stderr()
    protect_this_process()

    def work(passphrase: str, new_passphrase: str | None, demo: bool) -> dict[str, Any]:
        def tell(stage: str, fraction: float) -> None:
            line.notify("progress", stage=stage, fraction=fraction)

        try:
            rotation = rotate_store(folder, passphrase, new_passphrase=new_passphrase, progress=tell, is_throw_away=demo)
        except Exception as fault:  # a full disk may show anywhere
            refusal = find_disk_error(fault)
            if refusal is None:
                raise
            raise refusal from fault
        return answer_of(rotation)

    line.on("rotate", work)
    line.on_closed(lambda: os._exit(0))  # cut off anywhere it leaves the old store or the new one
    line.start()
    threading.Event().wait()
    return 0
