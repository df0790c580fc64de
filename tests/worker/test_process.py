"""The real worker process on a real store, spoken to as the supervisor speaks to it."""

import threading
import time

import pytest

from quantbox.app.services import build_services
from quantbox.core.clock import SystemClock
from quantbox.core.processes import command_line, end_process, process_alive, spawn
from quantbox.core.processes.bus import Forwarder, ProcessBus
from quantbox.core.processes.control import ControlChannel
from quantbox.jobs.models import JobState
from quantbox.jobs.queue import make_queue
from quantbox.vault.service import create

PHRASE = "correct horse battery"


def wait_until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def forwarder():
    forwarder = Forwarder()
    yield forwarder
    forwarder.close()


@pytest.fixture
def worker(data_folder, forwarder, tmp_path):
    """Starts a worker; keys None is a vault that was locked again meanwhile."""
    started = []

    def start(keys):
        with (tmp_path / "worker.log").open("ab") as log:
            process = spawn(command_line("worker", "--data-dir", str(data_folder.root)), stderr=log)
        channel = ControlChannel(process.stdout, process.stdin, "test")
        ready = threading.Event()
        channel.on("hello", lambda: {"keys": keys and keys.to_pipe(), "bus": forwarder.address.to_pipe(), "demo": False})
        channel.on("ready", ready.set)
        channel.start()
        started.append((process, channel))
        return process, channel, ready

    yield start
    for process, channel in started:
        channel.close()
        end_process(process, grace_seconds=5)
        process.stdout.close()


def test_a_job_is_run_at_once_when_woken_its_news_reach_other_processes_and_the_worker_leaves_with_its_line(
    data_folder, forwarder, worker
):
    keys = create(data_folder, PHRASE)
    bus = ProcessBus(forwarder.address)
    build_services(data_folder, keys, bus=bus, clock=SystemClock(), owner="init").close()  # the queue needs its database
    queue = make_queue(data_folder.database, keys.database)
    services = build_services(data_folder, keys, bus=bus, clock=SystemClock(), owner="web:test", wake=queue.wake)
    early = services.jobs.create("no such kind", "made before the worker", "owner", wake=False)
    news = []
    bus.subscribe("jobs.", lambda _topic, message: news.append(message["job"]["state"]))
    process, channel, ready = worker(keys)
    assert ready.wait(20)

    def ended(job):
        return services.jobs.get(job.id, "owner").state is JobState.FAILED

    wait_until(lambda: ended(early))
    job = services.jobs.create("no such kind", "made beside the worker", "owner")
    asked = time.monotonic()
    wait_until(lambda: ended(job))
    assert time.monotonic() - asked < 2
    assert services.jobs.get(job.id, "owner").reason.code == "jobs.kind_unknown"
    wait_until(lambda: "failed" in news)
    channel.close()
    wait_until(lambda: not process_alive(process.pid), seconds=5)
    queue.close()
    services.close()
    bus.close()


def test_a_worker_that_gets_no_key_leaves(worker):
    process, _channel, ready = worker(None)
    wait_until(lambda: not process_alive(process.pid))
    assert not ready.is_set()
