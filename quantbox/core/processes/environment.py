"""Which environment variables a child process may see: an allow-list, so that no secret travels by environment."""

from __future__ import annotations

import os

__all__ = ["child_environment"]

_SYSTEM = {
    *("PATH", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR"),
    *("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
}
_OWN = {
    *("HOME", "USER", "LOGNAME", "LANGUAGE", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE"),
    *("HOMEDRIVE", "HOMEPATH", "USERNAME", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
}
_OWN_PREFIXES = ("LC_", "XDG_", "QT_", "QTWEBENGINE_")


def child_environment(*, runs_user_code: bool = False) -> dict[str, str]:
    """Return the part of this process's environment that a child gets.

    Parameters
    ----------
    runs_user_code : bool
        The child runs the owner's strategy code: it sees only what Python needs to start, and is set up to
        give the same result in every run.
    """
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _SYSTEM or (not runs_user_code and (name.upper() in _OWN or name.upper().startswith(_OWN_PREFIXES)))
    }
    passed["PYTHONUTF8"] = "1"
    if runs_user_code:
        # no .pyc of private code; the same order of sets in every run; thread pools would eat the address space
        passed |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        passed |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    return passed
