import json
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import zmq

from quantbox.core.processes import end_process, spawn
from quantbox.core.processes.bus import BusAddress, Forwarder, ProcessBus

ROOT = Path(__file__).resolve().parents[3]

PROCESS = """
import json, sys, threading
sys.path.insert(0, {root!r})
from quantbox.core.processes.bus import BusAddress, ProcessBus
bus = ProcessBus(BusAddress.from_pipe(json.loads(sys.stdin.readline())))
bus.subscribe("question.", lambda topic, message: bus.publish("answer." + topic[9:], {{"double": message["number"] * 2}}))
while not bus.publish("here", {{}}) and sys.stdin.readline().strip() == "again":
    pass
bus.close()
"""


@pytest.fixture
def forwarder():
    forwarder = Forwarder()
    yield forwarder
    forwarder.close()


def heard(bus, prefix):
    messages, arrived = [], threading.Event()

    def hear(topic, message):
        messages.append((topic, message))
        arrived.set()

    return messages, arrived, bus.subscribe(prefix, hear)


def say_until_heard(bus, topic, message, arrived):
    """News may be lost while a connection is made; say it until it arrives."""
    deadline = time.monotonic() + 10
    while not arrived.wait(0.05):
        bus.publish(topic, message)
        assert time.monotonic() < deadline, f"{topic} was never heard"


def test_two_real_processes_ask_and_answer(forwarder):
    other = spawn([sys.executable, "-c", textwrap.dedent(PROCESS).format(root=str(ROOT))])
    other.stdin.write(json.dumps(forwarder.address.to_pipe()).encode() + b"\n")
    other.stdin.flush()
    bus = ProcessBus(forwarder.address)
    answers, arrived, _ = heard(bus, "answer.")
    say_until_heard(bus, "question.甲", {"number": 21}, arrived)
    assert answers[0] == ("answer.甲", {"double": 42})
    bus.close()
    other.stdin.close()
    assert end_process(other, grace_seconds=10) == 0
    other.stdout.close()


def test_only_the_prefix_asked_for_is_heard_and_nothing_after_closing(forwarder):
    bus, speaker = ProcessBus(forwarder.address), ProcessBus(forwarder.address)
    first, first_arrived, subscription = heard(bus, "jobs.1")
    _, every_arrived, _ = heard(bus, "jobs.")
    say_until_heard(speaker, "jobs.2", {"n": 2}, every_arrived)
    assert first == []
    say_until_heard(speaker, "jobs.1", {"n": 1}, first_arrived)
    subscription.close()
    count = len(first)
    every_arrived.clear()
    speaker.publish("jobs.1", {"n": 9})
    assert every_arrived.wait(5)
    assert len(first) == count
    bus.close()
    speaker.close()


def test_messages_of_one_process_arrive_in_order_once_connected(forwarder):
    bus = ProcessBus(forwarder.address)
    messages, arrived, _ = heard(bus, "count")
    say_until_heard(bus, "count", {"n": -1}, arrived)
    for number in range(2000):
        bus.publish("count", {"n": number})
    deadline = time.monotonic() + 10
    while messages[-1][1]["n"] != 1999:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [message["n"] for _, message in messages if message["n"] >= 0] == list(range(2000))
    bus.close()


def test_a_failing_handler_does_not_stop_the_bus(forwarder, caplog):
    bus = ProcessBus(forwarder.address)

    def fail(_topic, _message):
        raise ValueError

    bus.subscribe("x", fail)
    messages, arrived, _ = heard(bus, "x")
    say_until_heard(bus, "x", {}, arrived)
    assert messages[0] == ("x", {})
    bus.close()


def test_without_the_keys_nothing_is_heard_and_nothing_is_forged(forwarder):
    bus = ProcessBus(forwarder.address)
    messages, arrived, _ = heard(bus, "")
    say_until_heard(bus, "real", {}, arrived)
    context = zmq.Context()
    strangers = []
    for keys in (None, zmq.curve_keypair()):
        spy, liar = context.socket(zmq.SUB), context.socket(zmq.PUB)
        for socket in (spy, liar):
            socket.linger = 0
            if keys:
                socket.curve_serverkey = socket.curve_publickey = keys[0]
                socket.curve_secretkey = keys[1]
        spy.connect(forwarder.address.subscribe_to)
        spy.subscribe("")
        liar.connect(forwarder.address.publish_to)
        strangers.append((spy, liar))
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        bus.publish("real", {"secret": 1})
        for spy, liar in strangers:
            liar.send_multipart([b"forged", b"{}"])
            assert spy.poll(20) == 0
    assert {topic for topic, _ in messages} == {"real"}
    for pair in strangers:
        for socket in pair:
            socket.close()
    context.term()
    bus.close()


def test_publishing_and_closing_do_not_hang_when_the_forwarder_is_gone():
    forwarder = Forwarder()
    address = forwarder.address
    bus = ProcessBus(address)
    forwarder.close()
    for _ in range(100):
        bus.publish("x", {})
    started = time.monotonic()
    bus.close()
    assert time.monotonic() - started < 3


def test_the_address_shows_no_key_and_listens_on_loopback_only(forwarder):
    address = forwarder.address
    assert address.server_key not in repr(address)
    assert address.publish_to.startswith("tcp://127.0.0.1:")
    assert BusAddress.from_pipe(json.loads(json.dumps(address.to_pipe()))) == address
