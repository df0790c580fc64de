"""The desktop window: a process of its own that shows the pages through the system's web view (Qt on Linux)."""

from __future__ import annotations

import os
import sys

from quantbox.core.processes.control import take_standard_pipes
from quantbox.core.processes.log import write_log_to_stderr

__all__ = ["can_open_window", "main"]

_WIDTH, _HEIGHT = 1366, 820
_MIN_SIZE = (1024, 640)


def can_open_window() -> bool:
    """Return whether this machine has a display; elsewhere than on Linux it is taken for granted."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def main() -> int:
    """Show the address the supervisor gives, until the window is closed."""
    line = take_standard_pipes("window")
    write_log_to_stderr()
    line.on_closed(lambda: os._exit(0))
    line.start()
    url = line.request("hello")["url"]
    if sys.platform == "linux" and os.geteuid() == 0:
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # Chromium refuses its own sandbox to root
    import webview

    # text_select: else pywebview writes a style element, which the pages' policy refuses
    window = webview.create_window(
        "量化宝盒 QuantBox", url, width=_WIDTH, height=_HEIGHT, min_size=_MIN_SIZE, text_select=True, zoomable=True
    )
    window.events.shown += lambda: line.notify("ready")
    webview.start(gui="qt" if sys.platform == "linux" else None, private_mode=True)  # private: nothing of a page is kept
    os._exit(0)  # Qt's own threads may take seconds to end
