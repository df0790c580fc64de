"""The private line between the supervisor and each process it starts: JSON lines over inherited pipes.

Keys travel here, so its content is never logged; a message that cannot be read is reported by length only.
The child learns by the end of its input that the supervisor is gone.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound, QuantBoxError, Unavailable
from quantbox.core.text import Text

__all__ = ["ControlChannel", "PeerSilent", "take_standard_pipes"]

_log = logging.getLogger(__name__)

Method = Callable[..., Any]


class PeerSilent(Unavailable):
    """The process at the other end is gone or does not answer."""

    code = "core.peer_silent"
    sentence = Text("程序的另一个进程没有回应（{method}）", "Another process of the program did not answer ({method})")
    hint = Text(
        "它会在几秒内自动重启；若仍不行请重启程序", "It is restarted within seconds; if that does not help, restart the program"
    )


class ControlChannel:
    """One end of the line; both ends may ask, answer and tell.

    Requests are answered by a thread of their own each, so a slow one (unlocking) never holds up another.

    Parameters
    ----------
    incoming, outgoing : binary files
        The pipes.
    name : str
        For thread names and log lines.
    """

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes], name: str) -> None:
        self._incoming, self._outgoing, self._name = incoming, outgoing, name
        self._methods: dict[str, Method] = {}
        self._on_closed: list[Callable[[], None]] = []
        self._ids = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._write_lock, self._state_lock = threading.Lock(), threading.Lock()
        self._closed = False

    def on(self, method: str, handler: Method) -> None:
        """Call `handler` with the sent parameters; what it returns (JSON) or raises goes back to a request."""
        self._methods[method] = handler

    def on_closed(self, handler: Callable[[], None]) -> None:
        """Call `handler` once, when the other end is gone."""
        self._on_closed.append(handler)

    def start(self) -> None:
        """Begin to read; register handlers before."""
        threading.Thread(target=self._read, name=f"control-{self._name}", daemon=True).start()

    def request(self, method: str, *, timeout_seconds: float = 30.0, **parameters: Any) -> Any:
        """Ask the other end and return its answer.

        Raises
        ------
        QuantBoxError
            The refusal it answered with: same kind, code, sentences and facts as at the other end.
        PeerSilent
            It is gone, or did not answer in time.
        """
        answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._state_lock:
            if self._closed:
                raise PeerSilent(method=method)
            number = next(self._ids)
            self._waiting[number] = answers
        try:
            self._send({"id": number, "method": method, "parameters": parameters}, method)
            answer = answers.get(timeout=timeout_seconds)
        except queue.Empty:
            answer = None
        finally:
            with self._state_lock:
                self._waiting.pop(number, None)
        if answer is None:
            raise PeerSilent(method=method)
        if "error" in answer:
            raise _rebuild(answer["error"])
        return answer["result"]

    def notify(self, method: str, **parameters: Any) -> None:
        """Tell the other end something and expect no answer; raises PeerSilent when it is gone."""
        self._send({"method": method, "parameters": parameters}, method)

    def close(self) -> None:
        """Close the outgoing pipe: the other end sees the end of its input."""
        with self._write_lock:
            try:
                self._outgoing.close()
            except OSError:  # what it still held could not be written to a dead process
                _log.debug("control-%s: closed on a broken pipe", self._name)

    def _send(self, message: dict[str, Any], method: str) -> None:
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            with self._write_lock:
                self._outgoing.write(line)
                self._outgoing.flush()
        except (OSError, ValueError):  # ValueError: the file was closed
            raise PeerSilent(method=method) from None

    def _read(self) -> None:
        try:
            for line in self._incoming:
                self._take(line)
        except (OSError, ValueError):
            _log.debug("control-%s: the pipe broke", self._name)
        self._incoming.close()
        with self._state_lock:
            self._closed = True
            waiting = list(self._waiting.values())
        for answers in waiting:
            answers.put(None)
        for handler in self._on_closed:
            handler()

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            is_call = "method" in message
        except (ValueError, TypeError):
            _log.warning("control-%s: a line of %d bytes is not a message", self._name, len(line))
            return
        if is_call:
            threading.Thread(target=self._answer, args=(message,), name=f"control-{self._name}-call", daemon=True).start()
            return
        with self._state_lock:
            answers = self._waiting.get(message.get("id"))
        if answers is not None:
            answers.put(message)

    def _answer(self, message: dict[str, Any]) -> None:
        method = message["method"]
        try:
            answer = {"result": self._methods[method](**message["parameters"])}
        except QuantBoxError as refusal:
            answer = {"error": _show(refusal)}
        except Exception as fault:  # noqa: BLE001 - a process edge: the asker must get an answer; no traceback, it may show keys
            _log.error("control-%s: %s failed with %s", self._name, method, type(fault).__name__)
            answer = {"error": _show(QuantBoxError())}
        if "id" in message:
            try:
                self._send({"id": message["id"], **answer}, method)
            except PeerSilent:
                _log.debug("control-%s: nobody is left to answer", self._name)


def take_standard_pipes(name: str) -> ControlChannel:
    """Make the line from this process's standard input and output, and point output at the error stream.

    Call it first thing in a child: whatever prints afterwards cannot corrupt the line.
    """
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return ControlChannel(incoming, outgoing, name)


_KINDS: dict[str, type[QuantBoxError]] = {kind.kind: kind for kind in (Invalid, Denied, NotFound, Conflict, Unavailable)}


def _show(refusal: QuantBoxError) -> dict[str, Any]:
    return {
        "kind": refusal.kind,
        "code": refusal.code,
        "sentence": [refusal.message("zh"), refusal.message("en")],
        "hint": [refusal.next_step("zh"), refusal.next_step("en")],
        "facts": refusal.facts,
    }


def _rebuild(shown: dict[str, Any]) -> QuantBoxError:
    """Return a refusal of the other end as an error of the same kind here."""
    said = {name: Text(*(text.replace("{", "{{").replace("}", "}}") for text in shown[name])) for name in ("sentence", "hint")}
    kind = _KINDS.get(shown["kind"], QuantBoxError)
    error: QuantBoxError = type("RefusedByPeer", (kind,), {"code": shown["code"], **said})(**shown["facts"])
    return error
