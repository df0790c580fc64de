"""The bus inside one process."""

from __future__ import annotations

import threading
from typing import Any

from quantbox.core.bus import LocalBus


def test_handler_hears_topics_with_its_prefix_only() -> None:
    bus, heard = LocalBus(), []
    bus.subscribe("jobs.", lambda topic, message: heard.append((topic, message)))
    bus.publish("jobs.7", {"job": 1})
    bus.publish("quotes.600519.SH", {"price": 2})
    assert heard == [("jobs.7", {"job": 1})]


def test_closed_subscription_hears_nothing_and_closes_twice() -> None:
    bus, heard = LocalBus(), []
    kept: list[str] = []
    subscription = bus.subscribe("", lambda topic, _: heard.append(topic))
    bus.subscribe("", lambda topic, _: kept.append(topic))
    subscription.close()
    subscription.close()
    bus.publish("jobs.7", {})
    assert (heard, kept) == ([], ["jobs.7"])


def test_failing_handler_stops_neither_publisher_nor_other_handlers() -> None:
    bus, heard = LocalBus(), []

    def fail(_topic: str, _message: dict[str, Any]) -> None:
        raise ValueError("a listener's fault")

    bus.subscribe("jobs.", fail)
    bus.subscribe("jobs.", lambda topic, _: heard.append(topic))
    bus.publish("jobs.7", {})
    assert heard == ["jobs.7"]


def test_handler_may_subscribe_and_close_while_it_is_called() -> None:
    bus, heard = LocalBus(), []

    def once(topic: str, _message: dict[str, Any]) -> None:
        heard.append(topic)
        subscription.close()
        bus.subscribe("jobs.", lambda later, _: heard.append("later " + later))

    subscription = bus.subscribe("jobs.", once)
    bus.publish("jobs.1", {})
    bus.publish("jobs.2", {})
    assert heard == ["jobs.1", "later jobs.2"]


def test_nothing_is_lost_between_threads() -> None:
    bus, heard = LocalBus(), []
    bus.subscribe("n", lambda topic, _: heard.append(topic))

    def publish(name: int) -> None:
        for number in range(500):
            bus.publish(f"n{name}.{number}", {})
            bus.subscribe("other", lambda *_: None).close()

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(heard)) == len(heard) == 2000
