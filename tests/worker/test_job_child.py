"""Every end of a real child: the parent's half is quantbox/jobs/child.py."""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from quantbox.core.processes import process_alive, spawn
from quantbox.jobs.child import ChildEnd, ChildEndKind, ChildLimits, run_child

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ChildLimits(memory_bytes=1 << 30, wall_seconds=20, cpu_seconds=20, output_bytes=20_000)

CHILD = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from quantbox.worker import job_child
NAMES = "{{names}}".split()
kinds = {{{{name: "tests.worker.kinds:" + name for name in NAMES}}}}
{{before}}
job_child.main(kinds, readable=[Path({str(ROOT)!r}, "tests")])
"""


def command(name: str, before: str = "") -> list[str]:
    return [sys.executable, "-c", CHILD.format(names=name, before=before)]


def run(name, *, limits=LIMITS, on_frame=lambda _frame: False, feeds=(), before="", **header) -> ChildEnd:
    return run_child({"kind": name, **header}, feeds, limits=limits, on_frame=on_frame, command=command(name, before))


def test_request_and_bulk_input_arrive_and_the_result_comes_back():
    feeds = [b"", bytes(5_000_000), b"x"]
    end = run("echo", words="你好", feeds=feeds)
    assert end.kind is ChildEndKind.RESULT, end
    assert json.loads(end.body)["said"] == "你好"
    assert json.loads(end.body)["feeds"] == [0, 5_000_000, 1]
    assert end.reason is None


def test_progress_is_thinned_and_prints_arrive_before_the_result():
    frames = []
    end = run("progress", on_frame=lambda frame: frames.append(frame) or False)
    assert end.kind is ChildEndKind.RESULT
    progress = [frame["fraction"] for frame in frames if frame["type"] == "progress"]
    assert progress == sorted(progress)
    assert 2 <= len(progress) <= 50  # a thousand were emitted in about a second
    assert [line for frame in frames if frame["type"] == "log" for line in frame["lines"]] == ["finished"]


def test_an_endless_loop_times_out_by_the_clock():
    started = time.monotonic()
    end = run("loop", limits=ChildLimits(wall_seconds=1.5))
    assert end.kind is ChildEndKind.TIMED_OUT
    assert end.reason.code == "jobs.timed_out"
    assert "1.5" in end.reason.message["zh"]
    assert time.monotonic() - started < 6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of processor time")
def test_an_endless_loop_times_out_by_processor_time():
    assert run("loop", limits=ChildLimits(wall_seconds=20, cpu_seconds=1)).kind is ChildEndKind.TIMED_OUT


@pytest.mark.skipif(sys.platform != "linux", reason="the address space limit binds on Linux only")
def test_a_memory_bomb_is_out_of_memory_and_says_the_limit():
    end = run("memory", limits=ChildLimits(memory_bytes=512 << 20))
    assert end.kind is ChildEndKind.OUT_OF_MEMORY
    assert "512" in end.reason.message["en"]


@pytest.mark.skipif(sys.platform != "linux", reason="the address space limit binds on Linux only")
def test_code_that_handles_its_own_memory_error_goes_on():
    end = run("swallowed_memory", limits=ChildLimits(memory_bytes=512 << 20))
    assert (end.kind, end.body) == (ChildEndKind.RESULT, "true")


def test_memory_is_watched_from_outside_where_the_child_could_not_limit_itself():
    unlimited = "job_child.limit_this_process = lambda memory, cpu: ['memory']"  # what macOS answers
    end = run("memory", limits=ChildLimits(memory_bytes=300 << 20), before=unlimited + SLOW_MEMORY)
    assert end.kind is ChildEndKind.OUT_OF_MEMORY


SLOW_MEMORY = """
import tests.worker.kinds as misdeeds
def slowly(header, feeds, emit):
    import time
    kept = [b"x" * (400 << 20)]
    time.sleep(30)
misdeeds.memory = slowly
"""


def test_a_stack_overflow_ends_as_what_it_is():
    end = run("stack_overflow")
    if sys.version_info < (3, 12):  # the C stack overflows
        assert (end.kind, end.reason.code) == (ChildEndKind.DIED, "jobs.child_died")
    else:  # Python itself counts the depth
        assert (end.kind, end.reason.code) == (ChildEndKind.FAILURE, "jobs.code_failed")
        assert "RecursionError" in end.reason.message["en"]


@pytest.mark.parametrize("name", ["exit_silently", "segfault"])
def test_a_child_that_ends_without_a_result_died_whatever_its_exit_status(name):
    end = run(name)
    assert end.kind is ChildEndKind.DIED, end
    assert end.reason.code == "jobs.child_died"
    assert end.body is None
    if name == "exit_silently":
        assert end.exit_code == 0
    elif sys.platform != "win32":
        assert end.reason.facts["ending"] == "SIGSEGV"


def test_an_exception_is_a_failure_with_file_and_line():
    end = run("fail", zero=0)
    assert end.kind is ChildEndKind.FAILURE
    assert end.reason.code == "jobs.code_failed"
    assert end.reason.facts["exception"] == "ZeroDivisionError: division by zero"
    source = (ROOT / "tests" / "worker" / "kinds.py").read_text(encoding="utf-8").splitlines()
    assert source[end.reason.facts["line"] - 1].strip() == 'return 1 / header["zero"]'
    assert end.reason.facts["file"].endswith("kinds.py")


def test_sys_exit_with_status_zero_is_a_failure():
    end = run("exit_politely")
    assert end.kind is ChildEndKind.FAILURE
    assert "SystemExit" in end.reason.message["zh"]


def test_a_refusal_and_an_emitted_failure_keep_their_codes():
    assert run("refuse").reason.code == "test.refused"
    end = run("failure_frame")
    assert (end.kind, end.reason.code, end.reason.facts, end.body) == (ChildEndKind.FAILURE, "test.own", {"line": 3}, None)


def test_a_flood_of_output_is_capped_and_marked():
    frames = []
    end = run("flood", on_frame=lambda frame: frames.append(frame) or False)
    assert end.kind is ChildEndKind.RESULT
    assert end.is_truncated
    printed = sum(len(line) for frame in frames if frame["type"] == "log" for line in frame["lines"])
    assert 0 < printed <= LIMITS.output_bytes
    assert len(end.log_tail) <= 8192
    assert end.log_tail.endswith("the end")


def test_closing_its_output_neither_forges_nor_spoils_the_result():
    frames = []
    end = run("close_output", on_frame=lambda frame: frames.append(frame) or False)
    assert (end.kind, end.body) == (ChildEndKind.RESULT, '"done"')
    assert [frame["lines"] for frame in frames if frame["type"] == "log"] == [["still heard"]]


@pytest.mark.parametrize("name", ["loop", "ticking", "sleep"])
def test_cancelling_ends_the_child_within_two_seconds(name):
    asked = time.monotonic() + 0.5
    end = run(name, on_frame=lambda _frame: time.monotonic() > asked)
    assert end.kind is ChildEndKind.CANCELLED
    assert end.reason is None
    assert time.monotonic() - asked < 2.5


def test_what_the_listener_raises_ends_the_child_and_reaches_the_caller():
    class LeaseLostError(Exception):
        pass

    def lose(_frame):
        raise LeaseLostError

    with pytest.raises(LeaseLostError):
        run("sleep", on_frame=lose)
    assert children_of_mine() == []


def children_of_mine():
    return [child.pid for child in psutil.Process().children(recursive=True) if process_alive(child.pid)]


def test_a_result_whose_hash_does_not_recompute_is_no_success():
    forged = "import json, os, sys; body = json.dumps({'type': 'result', 'sha256': 'x', 'body': '1'}).encode()"
    forged += "; os.write(1, len(body).to_bytes(4, 'big') + body)"
    end = run_child({"kind": "x"}, [], limits=LIMITS, on_frame=lambda _frame: False, command=[sys.executable, "-c", forged])
    assert end.kind is ChildEndKind.DIED
    assert end.body is None


@pytest.mark.parametrize(
    "written", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x05hel", b"\x00\x00\x00\x02[]", b"\x00\x00", b"garbage without end"]
)
def test_broken_frames_are_no_success(written):
    code = f"import os; os.write(1, {written!r})"
    end = run_child({"kind": "x"}, [], limits=LIMITS, on_frame=lambda _frame: False, command=[sys.executable, "-c", code])
    assert (end.kind, end.exit_code) == (ChildEndKind.DIED, 0)


def forged(frame: bytes) -> list[str]:
    return [sys.executable, "-c", f"import os; body = {frame!r}; os.write(1, len(body).to_bytes(4, 'big') + body)"]


def test_a_forged_reason_that_no_page_could_show_is_none():
    frame = json.dumps({"type": "failure", "reason": {"code": "x", "message": "no dict"}}).encode()
    end = run_child({"kind": "x"}, [], limits=LIMITS, on_frame=lambda _frame: False, command=forged(frame))
    assert (end.kind, end.reason.code) == (ChildEndKind.DIED, "jobs.child_died")


def test_a_frame_nested_without_end_ends_the_child_at_once():
    nested = "import os, time; b = b'[' * 60_000; os.write(1, len(b).to_bytes(4, 'big')); os.write(1, b); time.sleep(60)"
    started = time.monotonic()
    end = run_child({"kind": "x"}, [], limits=LIMITS, on_frame=lambda _frame: False, command=[sys.executable, "-c", nested])
    assert end.kind is ChildEndKind.DIED
    assert time.monotonic() - started < 10


LONELY = """
import sys
sys.path.insert(0, {root!r})
from quantbox.jobs.child import ChildLimits, run_child
def told(frame):
    print("alive", flush=True)
    return False
run_child({{"kind": {name!r}}}, [], limits=ChildLimits(), on_frame=told, command={command!r})
"""


@pytest.mark.parametrize("name", ["sleep", "loop"])
def test_a_child_ends_when_its_worker_is_killed(name):
    worker = spawn([sys.executable, "-c", LONELY.format(root=str(ROOT), name=name, command=command(name))], stdin=None)
    assert worker.stdout.readline().strip() == b"alive"
    (child,) = psutil.Process(worker.pid).children()
    worker.kill()
    worker.wait()
    worker.stdout.close()
    deadline = time.monotonic() + 5
    while process_alive(child.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


OPEN_WORLD = """
from quantbox.core.processes.sandbox import Enforced
job_child.enter_sandbox = lambda readable: Enforced()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
def test_a_child_that_leaves_its_pipes_to_a_fork_has_died():
    started = time.monotonic()
    end = run("abandon_pipe", before=OPEN_WORLD)
    assert (end.kind, end.exit_code) == (ChildEndKind.DIED, 0)
    assert time.monotonic() - started < 8


def test_a_daemonised_grandchild_is_ended_with_the_child_where_no_sandbox_forbids_it():
    end = run("daemonise", before=OPEN_WORLD)
    assert end.kind is ChildEndKind.RESULT, end
    grandchild = int(end.body)
    deadline = time.monotonic() + 5
    while process_alive(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a sandbox")
def test_code_cannot_write_read_elsewhere_connect_or_start_processes(tmp_path):
    (tmp_path / "secret").write_text("untouched")
    sandbox = json.loads(run("echo", words="").body)["sandbox"]
    assert sandbox == {"files": True, "network": True, "processes": True}
    end = run("escape", place=str(tmp_path))
    assert end.kind is ChildEndKind.RESULT, (end, end.log_tail)
    outcome = json.loads(end.body)
    assert outcome.pop("sqlite").startswith("3.")
    assert set(outcome.values()) <= {"Permission denied", "Operation not permitted"}, outcome
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_text() == "untouched"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_code_and_data_show_neither_in_arguments_nor_in_the_environment():
    seen = []

    def look(_frame):
        for child in psutil.Process().children():
            with suppress(psutil.ZombieProcess):  # one of another test that nobody has waited for yet
                seen.append(" ".join(child.cmdline()) + Path(f"/proc/{child.pid}/environ").read_text())
        return bool(seen)

    end = run("sleep", on_frame=look, words="private-marker")
    assert end.kind is ChildEndKind.CANCELLED
    assert seen
    assert not any("private-marker" in text for text in seen)


def test_no_child_is_left_behind():
    assert children_of_mine() == []
