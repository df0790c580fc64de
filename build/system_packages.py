"""What the browser and window tests need from the system: installed on Debian as root, named elsewhere."""

import ctypes.util
import os
import shutil
import subprocess
import sys

#: Debian package → how its presence is seen. The libraries are those Qt's xcb platform loads on a bare Debian 12 and 13.
PROGRAMS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "xvfb": ("Xvfb",), "fontconfig": ("fc-list",)}
LIBRARIES = {
    "libxcb-cursor0": "xcb-cursor",
    "libxkbcommon-x11-0": "xkbcommon-x11",
    "libxcb-icccm4": "xcb-icccm",
    "libxcb-keysyms1": "xcb-keysyms",
    "libxcb-image0": "xcb-image",
    "libxcb-render-util0": "xcb-render-util",
    "libxcb-shape0": "xcb-shape",
    "libxcb-xkb1": "xcb-xkb",
    "libxcb-randr0": "xcb-randr",
    "libegl1": "EGL",
    "libopengl0": "OpenGL",
    "libgl1": "GL",
    "libnss3": "nss3",
    "libasound2": "asound",
    "libxcomposite1": "Xcomposite",
    "libxdamage1": "Xdamage",
    "libxtst6": "Xtst",
    "libxkbfile1": "xkbfile",
}


def missing():
    """Return the Debian names of what is not here."""
    if sys.platform != "linux":
        return [] if any(shutil.which(name) for name in PROGRAMS["chromium"]) or sys.platform == "win32" else ["chromium"]
    absent = [package for package, names in PROGRAMS.items() if not any(shutil.which(n) for n in names)]
    absent += [package for package, name in LIBRARIES.items() if ctypes.util.find_library(name) is None]
    fonts = (
        shutil.which("fc-list") and subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout
    )
    if not fonts:
        absent.append("fonts-noto-cjk")
    return absent


def ensure():
    """Install what is missing on Debian as root; elsewhere name it in one message and stop."""
    absent = missing()
    if not absent:
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("[set-up] installing for the browser tests: " + " ".join(absent), flush=True)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.call(["apt-get", "update", "-qq"], env=environ)
        for package in absent:  # one by one: libasound2 is called libasound2t64 since Debian 13
            for name in (package, package + "t64"):
                if subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", name], env=environ) == 0:
                    break
        absent = missing()
    if absent:
        from environment import SetupFailed

        raise SetupFailed(
            "浏览器测试还缺系统组件，请安装后再运行： / "
            "The browser tests need these from the system; install them and run this again: " + " ".join(absent)
        )
