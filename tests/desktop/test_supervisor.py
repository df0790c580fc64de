"""A real supervisor with real, tiny children; only what the children would show is left out."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from quantbox.core.processes import FileLock, process_alive
from quantbox.core.program_file import find_program
from quantbox.desktop.errors import PortTaken
from quantbox.desktop.ports import ClaimedPort, is_free
from quantbox.vault.service import create
from tests.least_cost import LEAST_MEMORY_KIB

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("tiny_child.py")
PHRASE = "correct horse battery"

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from quantbox.core.paths import DataFolder
from quantbox.core.errors import QuantBoxError
from quantbox.desktop import key_holder, ports, supervisor
from quantbox.vault.wrappers import passphrase
key_holder.STORE_WAIT_SECONDS = supervisor.HAND_OVER_SECONDS = {store_wait}
child = [sys.executable, {child!r}]
commands = supervisor.Commands(web=[*child, {web!r}], worker=[*child, "worker"], window=[*child, {window!r}, {window_file!r}])
passphrase.STANDARD_MEMORY_KIB = {least_cost}
folder = DataFolder(Path({folder!r}))
{setup}
keys = None
if {passphrase!r}:
    from quantbox.vault.service import unlock
    keys = unlock(folder, {passphrase!r})
try:
    status = supervisor.run(folder, port={port!r}, open_window={open_window}, on_ready=lambda url: print(url, flush=True), keys=keys, commands=commands)
except QuantBoxError as problem:
    print("refused", problem.code, flush=True)
    status = 1
sys.exit(status)
"""


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)
    return found


class Program:
    """A supervisor in a process of its own."""

    def __init__(
        self,
        folder,
        tmp_path,
        *,
        port=None,
        web="web",
        open_window=False,
        window="window",
        passphrase="",
        store_wait=20,
        setup="",
    ):
        self.folder = folder
        self.window_file = tmp_path / "window"
        code = textwrap.dedent(PROGRAM).format(
            root=str(ROOT),
            child=str(CHILD),
            folder=str(folder.root),
            window_file=str(self.window_file),
            port=port,
            web=web,
            window=window,
            open_window=open_window,
            passphrase=passphrase,
            store_wait=store_wait,
            least_cost=LEAST_MEMORY_KIB,
            setup=setup,
        )
        self.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline().strip()
        self.url = self.said.partition("#")[0].rstrip("/")

    def call(self, method, **parameters):
        body = json.dumps({"method": method, "parameters": parameters}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body, method="POST"), timeout=90) as answer:
            return json.load(answer)

    def show(self):
        """What the web process knows; asked again while it is being restarted."""

        def ask():
            try:
                return self.call("show")
            except OSError:
                return None

        return wait_until(ask)

    def children(self):
        """Process ids of the living children by role."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                words = child.cmdline()  # for a moment still the supervisor's own, or none
                if process_alive(child.pid) and words[1:2] == [str(CHILD)]:
                    found[words[2]] = child.pid
        return found

    def wait_for_both(self, *, without=None):
        """Return the children once web and worker run, neither of them the process `without`."""

        def look():
            found = self.children()
            return found if set(found) == {"web", "worker"} and without not in found.values() else None

        return wait_until(look)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.process.stdout.close()
        return status


@pytest.fixture
def start(data_folder, tmp_path):
    programs = []

    def start(**options):
        program = Program(data_folder, tmp_path, **options)
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.end()


def test_a_new_folder_is_created_unlocked_locked_and_unlocked_again(start, data_folder):
    program = start()
    assert find_program(data_folder).state == "locked"
    assert program.call("program.state")["result"]["state"] == "new"
    assert set(program.children()) == {"web"}
    assert program.call("vault.create", passphrase=PHRASE) == {"result": {"state": "unlocked"}}
    wait_until(lambda: set(program.children()) == {"web", "worker"})
    keys = program.show()["keys"]
    assert len(bytes.fromhex(keys["database"])) == 32
    assert find_program(data_folder).is_unlocked
    assert not FileLock(data_folder.lock_file).acquire()
    assert program.call("vault.lock") == {"result": {"state": "locked"}}
    assert set(program.children()) == {"web"}
    assert program.show()["keys"] is None
    assert find_program(data_folder).state == "locked"
    lock = FileLock(data_folder.lock_file)
    assert lock.acquire()
    lock.release()
    assert program.call("vault.unlock", passphrase=PHRASE) == {"result": {"state": "unlocked"}}
    assert program.show()["keys"] == keys
    assert program.end() == 0
    assert not data_folder.program_file.exists()


def test_wrong_pass_phrases_and_a_second_creation_are_refused_with_their_codes(start, data_folder):
    create(data_folder, PHRASE)
    program = start()
    assert program.call("vault.unlock", passphrase="not this one at all") == {"error": "vault.passphrase_wrong", "kind": "denied"}
    assert program.call("vault.create", passphrase=PHRASE) == {"error": "vault.exists", "kind": "conflict"}
    assert program.show()["keys"] is None
    program.call("vault.unlock", passphrase=PHRASE)
    # proving it again goes on to be asked for while the store is open
    assert program.call("vault.unlock", passphrase="not this one at all")["error"] == "vault.passphrase_wrong"
    assert program.call("vault.unlock", passphrase=PHRASE)["result"] == {"state": "unlocked"}
    assert program.show()["opened"] == 1


def test_unlocking_waits_for_a_command_and_gives_up_in_one_sentence(start, data_folder):
    create(data_folder, PHRASE)
    program = start(store_wait=1.0)
    command = FileLock(data_folder.lock_file)
    assert command.acquire()
    started = time.monotonic()
    assert program.call("vault.unlock", passphrase=PHRASE) == {"error": "desktop.store_busy", "kind": "unavailable"}
    assert 1.0 <= time.monotonic() - started < 5
    assert find_program(data_folder).state == "locked"
    command.release()
    assert program.call("vault.unlock", passphrase=PHRASE)["result"] == {"state": "unlocked"}


@pytest.mark.parametrize("role", ["web", "worker"])
def test_a_killed_child_is_back_within_five_seconds_with_the_key_and_on_the_same_address(start, data_folder, role):
    create(data_folder, PHRASE)
    program = start()
    program.call("vault.unlock", passphrase=PHRASE)
    keys = program.show()["keys"]
    for _ in range(3):
        before = program.wait_for_both()
        psutil.Process(before[role]).kill()
        killed = time.monotonic()
        after = program.wait_for_both(without=before[role])
        assert program.show()["keys"] == keys
        assert time.monotonic() - killed < 5
        (other,) = {"web", "worker"} - {role}
        assert after[other] == before[other]
    described = {entry["name"]: entry for entry in program.call("program.state")["result"]["processes"]}
    assert described[role]["restarts"] == 3
    assert described[role]["recent_deaths"] == 3


def test_killing_the_supervisor_leaves_no_process_after_five_seconds_and_a_new_one_starts(start, data_folder):
    create(data_folder, PHRASE)
    program = start()
    program.call("vault.unlock", passphrase=PHRASE)
    pids = list(program.wait_for_both().values())
    program.process.kill()
    wait_until(lambda: not any(process_alive(pid) for pid in pids), seconds=5)
    assert data_folder.program_file.exists()
    assert find_program(data_folder) is None  # what is left in the file is a dead program
    again = start()
    assert again.call("vault.unlock", passphrase=PHRASE)["result"] == {"state": "unlocked"}


def test_ending_politely_leaves_nothing(start, data_folder):
    create(data_folder, PHRASE)
    program = start(passphrase=PHRASE)
    pids = list(program.wait_for_both().values())
    started = time.monotonic()
    assert program.end() == 0
    assert time.monotonic() - started < 5
    assert not any(process_alive(pid) for pid in pids)
    assert not data_folder.program_file.exists()


def test_a_second_instance_hands_over_to_the_first_and_exits_with_success(start):
    first = start()
    second = start()
    assert second.said == first.said
    assert second.process.wait(10) == 0
    assert first.process.poll() is None


def test_a_folder_taken_by_a_program_that_tells_no_address_is_refused_in_one_sentence(start, data_folder):
    with FileLock(data_folder.program_file.with_name("program.lock")):
        program = start(store_wait=0.5)
        assert program.said == "refused desktop.another_is_starting"


def test_keys_at_the_start_open_the_store_and_the_address_carries_a_launch_token_used_once(start, data_folder):
    create(data_folder, PHRASE)
    program = start(passphrase=PHRASE)
    assert program.show()["keys"] is not None
    _, token = program.said.split("/#launch=")
    assert program.call("launch.take", token="x") == {"result": False}
    assert program.call("launch.take", token="é") == {"result": False}
    assert program.call("launch.take", token=token) == {"result": True}
    assert program.call("launch.take", token=token) == {"result": False}


def test_the_window_gets_a_launch_token_and_closing_it_ends_the_program(start, data_folder):
    program = start(open_window=True)
    wait_until(lambda: program.window_file.exists() and program.window_file.read_text())
    url, token = program.window_file.read_text().strip().split("#launch=")
    assert url == program.url + "/"
    assert "#" not in program.said
    assert program.call("launch.take", token=token) == {"result": True}
    Path(f"{program.window_file}.close").touch()
    assert program.process.wait(10) == 0
    assert not data_folder.program_file.exists()


def test_a_window_that_crashed_opens_again_with_a_fresh_token(start):
    program = start(open_window=True)
    first = wait_until(lambda: program.window_file.exists() and program.window_file.read_text().splitlines())
    psutil.Process(program.children()["window"]).kill()
    wait_until(lambda: len(program.window_file.read_text().splitlines()) == 2)
    second = program.window_file.read_text().splitlines()[1]
    assert second != first[0]
    assert program.call("launch.take", token=first[0].split("#launch=")[1]) == {"result": False}
    assert program.call("launch.take", token=second.split("#launch=")[1]) == {"result": True}


def test_a_machine_that_cannot_open_the_window_goes_on_serving(start, data_folder, monkeypatch):
    monkeypatch.setenv("BROWSER", "true")  # the program that stands for the owner's browser: it does nothing
    program = start(open_window=True, window="window-fails")
    time.sleep(1.0)
    assert set(program.children()) == {"web"}
    assert program.show()["keys"] is None
    assert find_program(data_folder) is not None


def test_program_file_logs_and_folders_are_the_owners_and_hold_no_secret(start, data_folder):
    create(data_folder, PHRASE)
    program = start()
    program.call("vault.unlock", passphrase=PHRASE)
    keys = program.show()["keys"]
    bus = program.show()["greeting"]["bus"]
    for path in data_folder.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (*keys.values(), bus["server_key"], PHRASE):
                assert secret.encode() not in content
                assert secret.encode() not in str(path).encode()
    if sys.platform != "win32":
        assert data_folder.program_file.stat().st_mode & 0o777 == 0o600
        assert data_folder.logs.stat().st_mode & 0o777 == 0o700
    for pid in (program.process.pid, *program.children().values()):
        process = psutil.Process(pid)
        visible = " ".join([*process.cmdline(), *process.environ().values()])
        assert not any(secret in visible for secret in (*keys.values(), bus["server_key"]))


def test_a_web_process_that_never_starts_is_reported_with_its_log(start):
    program = start(web="broken")
    assert program.said == "refused desktop.web_did_not_start"
    assert program.process.wait(10) == 1


def test_a_taken_port_is_refused_when_it_was_asked_for_and_avoided_otherwise(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(PortTaken) as caught:
            ClaimedPort(port)
        assert caught.value.facts == {"port": port}
        assert start(port=port).said == "refused desktop.port_taken"
        with ClaimedPort(None) as other:
            assert other.number != port
    with ClaimedPort(port) as chosen:
        assert chosen.number == port
        with pytest.raises(PortTaken):  # ours although nobody listens: a program whose web restarts keeps its address
            ClaimedPort(port)
    assert start(port=port).url == f"http://127.0.0.1:{port}"


#: Somebody who knows nothing of claims takes the first port chosen before web listens on it.
RIVAL = """
import socket
rival, first = socket.socket(), ports._choose
def beaten(wanted):
    ports._choose = first
    number, claim = first(wanted)
    rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last program may linger there
    rival.bind(("127.0.0.1", number))
    rival.listen()
    return number, claim
ports._choose = beaten
"""


def test_a_port_taken_before_web_listens_is_left_for_another_unless_it_was_asked_for(start):
    program = start(setup=RIVAL)
    assert program.url.startswith("http://127.0.0.1:")
    assert program.show()
    assert program.end() == 0
    with ClaimedPort(None) as free:
        wanted = free.number
    assert start(setup=RIVAL, port=wanted).said == "refused desktop.web_did_not_start"


def test_the_supervisor_stays_small():
    code = "import sys, quantbox.desktop.supervisor; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"flask", "werkzeug", "pandas", "polars", "numpy", "sqlalchemy", "apsw", "akshare", "backtrader", "webview", "huey"}
    assert heavy & set(done.stdout.split()) == set()
