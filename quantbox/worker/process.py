"""The worker process: a Huey consumer that runs jobs, and the sweep that finds what fell between."""

from __future__ import annotations

import os
import time

from huey.consumer import ConsumerStopped

from quantbox.app.services import build_services
from quantbox.backup.offsite.sender import SenderThread
from quantbox.core.clock import SystemClock
from quantbox.core.paths import DataFolder
from quantbox.core.processes import on_stop_request, protect_this_process
from quantbox.core.processes.bus import BusAddress, ProcessBus
from quantbox.core.processes.control import take_standard_pipes
from quantbox.core.processes.log import write_log_to_stderr
from quantbox.jobs.queue import make_queue
from quantbox.jobs.sweeper import Sweeper
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.models import Keys

__all__ = ["main"]

#: Jobs that run at a time; each may keep a core busy in its own child.
WORKERS = 2


def main(folder: DataFolder) -> int:
    """Run jobs until the supervisor ends or locks the vault; a job under way is then found as lost, and queued again."""
    line = take_standard_pipes("worker")
    write_log_to_stderr()
    protect_this_process()
    line.on_closed(lambda: os._exit(0))  # job children see the end of their own input in turn
    line.start()
    greeting = line.request("hello")
    if greeting["keys"] is None:
        return 1  # locked again while this process started
    keys = Keys.from_pipe(greeting["keys"])
    queue = make_queue(folder.database, keys.database)
    bus = ProcessBus(BusAddress.from_pipe(greeting["bus"]))
    services = build_services(
        folder, keys, bus=bus, clock=SystemClock(), owner=f"worker:{os.getpid()}", wake=queue.wake, is_throw_away=greeting["demo"]
    )
    consumer = queue.consumer(services.job_runner.run, workers=WORKERS)
    Sweeper(services.jobs, queue, [lambda: services.backups.submit_due(OWNER_ACCOUNT)]).start()
    SenderThread("objects", services.offsite.send_objects).start()
    SenderThread("copies", services.offsite.send_copies).start()
    consumer.start()
    on_stop_request(lambda: os._exit(0))  # Huey would finish its tasks first, which may take an hour
    line.notify("ready")
    checked_at = time.monotonic()
    while True:
        try:
            checked_at = consumer.loop(checked_at)
        except ConsumerStopped:
            return 1  # nothing here asks for it: the supervisor starts another
