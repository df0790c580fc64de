"""A display without a screen, and the window on it as its owner and as Playwright reach it."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from playwright.sync_api import Browser, Page, Playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.browser import PATIENCE_MILLISECONDS
from tests.program import ROOT, environment, wait_until

ATTACH_TRIES, ATTACH_MILLISECONDS = 6, 10_000

__all__ = ["close_windows", "free_port", "page_of_window", "virtual_display", "window_program"]


@contextmanager
def virtual_display() -> Iterator[str]:
    """Run Xvfb on a free display until the block ends; yields its name."""
    found = shutil.which("Xvfb")
    assert found, "the window's tests need Xvfb: build/dev.py test names how to install it"
    readable, writable = os.pipe()
    command = [found, "-displayfd", str(writable), "-screen", "0", "1440x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writable], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writable)
    try:
        with os.fdopen(readable) as told:
            yield f":{int(told.readline())}"
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a port nobody listens on."""
    while True:  # below the ports lent to outgoing connections, or one of those may take it meanwhile
        port = random.randrange(30_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def window_program(display: str, port: int, *words: str) -> Iterator[psutil.Process]:
    """Run `quantbox window` on the display until the block ends, with its web view's debugging port open."""
    passed = {"DISPLAY": display, "QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}", "QT_QPA_PLATFORM": "xcb"}
    started = subprocess.Popen(
        [sys.executable, "-m", "quantbox.cli", "window", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**environment(), **passed}, cwd=ROOT,
    )  # fmt: skip
    program = psutil.Process(started.pid)
    try:
        yield program
    finally:
        left = [program, *program.children(recursive=True)] if started.poll() is None else []
        started.terminate()
        for one in psutil.wait_procs(left, timeout=15)[1]:
            one.kill()
        started.communicate()


def listener(port: int) -> int | None:
    """Return the id of the process that listens on `port`."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return connection.pid
    return None


def page_of_window(playwright: Playwright, program: psutil.Process, port: int) -> tuple[Browser, Page]:
    """Return the connection to the window's web view and the page it shows.

    The port has to be held by a child of `program`: a window left over from an earlier run would answer as well.
    """
    holder = wait_until(lambda: listener(port), 60)
    assert holder in {child.pid for child in program.children(recursive=True)}
    browser = attach(playwright, port)
    page = wait_until(lambda: [one for one in browser.contexts[0].pages if one.url.startswith("http")])[0]
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    return browser, page


def attach(playwright: Playwright, port: int) -> Browser:
    """Return a connection to the web view on `port`, which does not answer one made while it is still making its page."""
    for tries_left in reversed(range(ATTACH_TRIES)):
        try:
            # without no_defaults Playwright asks for a download folder, which Qt's web view does not know
            return playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True, timeout=ATTACH_MILLISECONDS)
        except PlaywrightTimeout:
            if not tries_left:
                raise
    raise AssertionError("unreachable")


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("room_of_the_largest_event", ctypes.c_long * 16),
    )


_CLIENT_MESSAGE = 33


def close_windows(display: str) -> int:
    """Press the close button of every window on `display` (WM_DELETE_WINDOW); return how many there were."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
    server = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    assert server.value, f"no display {display}"
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    windows, protocols, known = ctypes.POINTER(ctypes.c_ulong)(), ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_int()
    desktop = ctypes.c_ulong(x11.XDefaultRootWindow(server))
    x11.XQueryTree(server, desktop, ctypes.byref(root), ctypes.byref(parent), ctypes.byref(windows), ctypes.byref(count))
    wm_protocols, wm_delete = (x11.XInternAtom(server, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    closed = 0
    for window in windows[: count.value]:
        target = ctypes.c_ulong(window)
        if not x11.XGetWMProtocols(server, target, ctypes.byref(protocols), ctypes.byref(known)):
            continue
        if wm_delete in protocols[: known.value]:
            event = _ClientMessage(type=_CLIENT_MESSAGE, window=window, message_type=wm_protocols, format=32)
            event.data[0] = wm_delete
            closed += x11.XSendEvent(server, target, 0, 0, ctypes.byref(event))
    x11.XCloseDisplay(server)
    return closed
