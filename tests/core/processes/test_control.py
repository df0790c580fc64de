import logging
import os
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from quantbox.core.errors import Denied, QuantBoxError
from quantbox.core.processes import end_process, spawn
from quantbox.core.processes.control import ControlChannel, PeerSilent
from quantbox.core.text import Text

ROOT = Path(__file__).resolve().parents[3]


class TooShort(Denied):
    code = "test.too_short"
    sentence = Text("{length} 太短 {braces}", "{length} is too short {braces}")
    hint = Text("再试", "try again")


@pytest.fixture
def line():
    """Two ends of one line within this process."""
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    parent = ControlChannel(os.fdopen(up_read, "rb"), os.fdopen(down_write, "wb"), "parent")
    child = ControlChannel(os.fdopen(down_read, "rb"), os.fdopen(up_write, "wb"), "child")
    yield parent, child
    parent.close()
    child.close()
    time.sleep(0.05)


def test_both_ends_ask_and_are_answered(line):
    parent, child = line
    parent.on("double", lambda number: number * 2)
    child.on("name", lambda: {"zh": "网页"})
    parent.start()
    child.start()
    assert child.request("double", number=21) == 42
    assert parent.request("name") == {"zh": "网页"}


def test_a_refusal_arrives_with_its_kind_code_sentences_and_facts(line):
    parent, child = line

    def refuse():
        raise TooShort(length=3, braces="{x}")

    parent.on("unlock", refuse)
    parent.start()
    child.start()
    with pytest.raises(Denied) as caught:
        child.request("unlock")
    error = caught.value
    assert (error.kind, error.code, error.facts) == ("denied", "test.too_short", {"length": 3, "braces": "{x}"})
    assert error.message("zh") == "3 太短 {x}"
    assert error.next_step("en") == "try again"


def test_a_fault_is_answered_without_its_text_and_logged_without_its_content(line, caplog):
    parent, child = line

    def fail(passphrase):
        raise ValueError(f"bad {passphrase}")

    parent.on("unlock", fail)
    parent.start()
    child.start()
    with caplog.at_level(logging.DEBUG), pytest.raises(QuantBoxError) as caught:
        child.request("unlock", passphrase="secret words")
    assert caught.value.code == "core.error"
    assert "secret" not in caplog.text
    assert "ValueError" in caplog.text


def test_a_slow_answer_does_not_hold_up_another(line):
    parent, child = line
    release = threading.Event()
    parent.on("slow", lambda: release.wait(10))
    parent.on("quick", lambda: "now")
    parent.start()
    child.start()
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(child.request("slow")))
    waiting.start()
    assert child.request("quick") == "now"
    release.set()
    waiting.join(5)
    assert answers == [True]


def test_many_threads_asking_at_once_get_each_its_own_answer(line):
    parent, child = line
    parent.on("same", lambda value: value)
    parent.start()
    child.start()
    wrong = []

    def ask(first):
        wrong.extend(value for value in range(first, first + 50) if child.request("same", value=value) != value)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_answer_in_time_and_a_closed_peer_are_silence(line):
    parent, child = line
    parent.on("sleep", lambda: time.sleep(1))
    closed = threading.Event()
    child.on_closed(closed.set)
    parent.start()
    child.start()
    with pytest.raises(PeerSilent) as caught:
        child.request("sleep", timeout_seconds=0.05)
    assert caught.value.facts == {"method": "sleep"}
    parent.close()
    assert closed.wait(5)
    with pytest.raises(PeerSilent):
        child.request("sleep")


def test_a_request_under_way_ends_when_the_peer_dies(line):
    parent, child = line
    parent.on("never", lambda: time.sleep(3))
    parent.start()
    child.start()
    threading.Timer(0.1, parent.close).start()
    started = time.monotonic()
    with pytest.raises(PeerSilent):
        child.request("never", timeout_seconds=30)
    assert time.monotonic() - started < 2


CHILD = """
import os, sys, threading
print("printed before")
from quantbox.core.processes.control import take_standard_pipes
line = take_standard_pipes("child")
gone = threading.Event()
line.on("noise", lambda: (print("printed"), os.write(1, b"written\\n"), os.system("echo shouted"))[1])
line.on("read", lambda: sys.stdin.read())
line.on_closed(gone.set)
line.start()
line.notify("ready", answer=line.request("name"))
gone.wait()
"""


def test_a_real_child_keeps_its_line_clean_whatever_it_prints_and_sees_its_parent_go(tmp_path):
    errors = tmp_path / "errors"
    with errors.open("wb") as stderr:
        child = spawn([sys.executable, "-c", textwrap.dedent(CHILD)], stderr=stderr, folder=ROOT)
    channel = ControlChannel(child.stdout, child.stdin, "test")
    ready: list[str] = []
    arrived = threading.Event()
    channel.on("name", lambda: "supervisor")
    channel.on("ready", lambda answer: (ready.append(answer), arrived.set()))
    channel.start()
    assert arrived.wait(20)
    assert ready == ["supervisor"]
    assert channel.request("noise") == len(b"written\n")
    assert channel.request("read") == ""  # its input belongs to the line alone
    channel.close()
    assert end_process(child, grace_seconds=5) == 0
    child.stdout.close()
    assert {"printed", "written", "shouted"} <= set(errors.read_text().split())


def test_a_line_that_is_no_message_is_reported_by_its_length_only(line, caplog):
    parent, child = line
    parent.on("ping", lambda: "pong")
    parent.start()
    child.start()
    child._outgoing.write(b"secret nonsense\n")
    child._outgoing.flush()
    assert child.request("ping") == "pong"
    assert "16 bytes" in caplog.text
    assert "secret" not in caplog.text
