import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from quantbox.core.files import write_atomically
from quantbox.core.processes import (
    FileLock,
    LockBusy,
    command_line,
    end_process,
    kill_tree,
    process_alive,
    process_started_at,
    restrict_to_owner,
    spawn,
)
from quantbox.core.processes.environment import child_environment

ROOT = Path(__file__).resolve().parents[3]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def wait_until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


HOLD_LOCK = """
import sys, time
from pathlib import Path
from quantbox.core.processes import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire(5)
print("held", flush=True)
sys.stdin.read()
"""


def test_lock_held_by_another_process_is_refused_and_freed_when_that_process_is_killed(tmp_path):
    path = tmp_path / "store.lock"
    holder = spawn([*python(HOLD_LOCK), str(path)], folder=ROOT)
    assert holder.stdout.readline().strip() == b"held"
    lock = FileLock(path)
    assert not lock.acquire(0.1)
    holder.kill()
    assert lock.acquire(5)
    lock.release()
    end_process(holder)
    holder.stdin.close()
    holder.stdout.close()


def test_lock_is_not_inherited_by_a_child_that_outlives_the_holder(tmp_path):
    path = tmp_path / "store.lock"
    lock = FileLock(path)
    assert lock.acquire()
    child = spawn(python("import sys; sys.stdin.read()"))
    lock.release()
    assert lock.acquire(0.2)
    lock.release()
    child.stdin.close()
    end_process(child, 5)
    child.stdout.close()


def test_with_statement_raises_lock_busy_naming_file_and_seconds(tmp_path):
    path = tmp_path / "write.lock"
    with FileLock(path), pytest.raises(LockBusy) as caught, FileLock(path, wait_seconds=0.05):
        pass
    assert caught.value.facts == {"name": "write.lock", "seconds": 0.05}
    assert "0.05" in caught.value.message("zh")


def test_one_lock_object_excludes_threads_from_each_other(tmp_path):
    lock, inside, most = FileLock(tmp_path / "x.lock"), [], []

    def work():
        with lock:
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_release_without_holding_is_a_programming_mistake(tmp_path):
    with pytest.raises(RuntimeError):
        FileLock(tmp_path / "x.lock").release()


COUNT_UNDER_LOCK = """
import sys
from pathlib import Path
from quantbox.core.processes import FileLock
counter = Path(sys.argv[1])
for _ in range(25):
    with FileLock(counter.with_suffix(".lock")):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def test_four_processes_counting_under_the_lock_lose_no_step(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")
    workers = [spawn([*python(COUNT_UNDER_LOCK), str(counter)], stdin=None, stdout=None, folder=ROOT) for _ in range(4)]
    assert [worker.wait(30) for worker in workers] == [0] * 4
    assert counter.read_text() == "100"  # 4 x 25


def test_command_line_starts_this_program_from_source_and_frozen(monkeypatch):
    assert command_line("web", "--port", "1") == [sys.executable, "-m", "quantbox.cli", "web", "--port", "1"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert command_line("web") == [sys.executable, "web"]


def test_child_sees_only_the_allow_list_of_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    child = spawn(python("import os; print(sorted(os.environ))"), stdin=None)
    names = child.stdout.read().decode()
    end_process(child, 5)
    child.stdout.close()
    assert "AWS_SECRET" not in names
    assert "HTTPS_PROXY" in names
    narrow = child_environment(runs_user_code=True)
    assert "HTTPS_PROXY" not in narrow
    assert "HOME" not in narrow
    assert narrow["PYTHONDONTWRITEBYTECODE"] == "1"


GRANDCHILDREN = """
import subprocess, sys, time
quiet = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
same = subprocess.Popen(quiet)
other = subprocess.Popen(quiet, start_new_session=True)
print(same.pid, other.pid, flush=True)
time.sleep(60)
"""


def test_kill_tree_ends_grandchildren_even_in_sessions_of_their_own():
    child = spawn(python(GRANDCHILDREN), stdin=None)
    pids = [int(word) for word in child.stdout.readline().split()]
    assert all(process_alive(pid) for pid in pids)
    kill_tree(child.pid, grace_seconds=0)
    wait_until(lambda: not any(process_alive(pid) for pid in [child.pid, *pids]))
    assert end_process(child) != 0
    child.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a tree by its Job Object")
def test_group_member_whose_parent_ended_is_killed_with_the_group():
    code = """
    import subprocess, sys
    print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
    """
    child = spawn(python(code), stdin=None)
    orphan = int(child.stdout.readline())
    assert end_process(child, grace_seconds=5) == 0
    wait_until(lambda: not process_alive(orphan))
    child.stdout.close()


def test_process_alive_tells_a_later_process_of_the_same_id_apart():
    started_at = process_started_at()
    assert process_alive(os.getpid(), started_at)
    assert not process_alive(os.getpid(), started_at - 3600)
    if sys.platform == "linux":  # proc(5): field 22 of stat, in clock ticks since the machine started
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        assert abs(started_at - ticks / os.sysconf("SC_CLK_TCK")) < 1.1  # the start of the machine is kept in whole seconds


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system keeps the date itself")
def test_a_process_is_itself_after_the_clock_was_set(monkeypatch):
    started_at = process_started_at()
    machine_started_at = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: machine_started_at - 3600)  # what setting the clock back does
    assert process_alive(os.getpid(), started_at)


LIMITS = """
from quantbox.core.processes import limit_this_process
limit_this_process(600 * 2**20, 1)
try:
    bytearray(700 * 2**20)
except MemoryError:
    print("memory refused", flush=True)
while True:
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the address space limit binds on Linux only")
def test_limits_refuse_memory_and_end_an_endless_loop():
    child = spawn(python(LIMITS), stdin=None, folder=ROOT)
    assert child.stdout.readline().strip() == b"memory refused"
    assert child.wait(20) == -24  # SIGXCPU
    child.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps others out by the profile's access list")
def test_restrict_to_owner_sets_owner_only_bits(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    assert restrict_to_owner(file)
    assert restrict_to_owner(tmp_path)
    assert (file.stat().st_mode & 0o777, tmp_path.stat().st_mode & 0o777) == (0o600, 0o700)


def test_write_atomically_replaces_content_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "vault.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.json"]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def test_write_atomically_keeps_the_old_file_when_the_new_one_cannot_be_put_in_place(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "inside").write_text("kept")
    with pytest.raises((IsADirectoryError, PermissionError)):
        write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
    assert (path / "inside").read_text() == "kept"


def test_a_protected_process_leaves_no_core_file_and_writes_for_its_owner_only():
    code = """
    from quantbox.core.processes import protect_this_process
    protect_this_process()
    import resource, ctypes
    import os
    print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # 3: PR_GET_DUMPABLE
    """
    if sys.platform != "linux":
        pytest.skip("reads Linux's own answer")
    done = subprocess.run(python(code), capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "(0, 0) 0o77 0"
