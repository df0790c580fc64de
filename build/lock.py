"""One universal lock with hashes for Linux, macOS and Windows, in sections by group, without any index address."""

import re
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parent / "requirements.lock"
PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
#: `run` alone starts the program; the others list what they need beyond it.
GROUPS = ("run", "test", "bench", "dev")
HEADING = re.compile(r"^# \[(\w+)\]$")


def read(group):
    """Return the requirement lines of `group`."""
    sections = {}
    current = None
    for line in FILE.read_text(encoding="utf-8").splitlines():
        heading = HEADING.match(line)
        if heading:
            current = sections.setdefault(heading.group(1), [])
        elif current is not None:
            current.append(line)
    return "\n".join(sections[group]) + "\n"


def packages(text):
    """Return the blocks of a compiled requirements file, by package name and marker."""
    blocks = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", "\n" + text):
        if "==" in block:
            body = "\n".join(line for line in block.strip().splitlines() if not line.strip().startswith("#"))
            blocks[body.split(" \\")[0]] = body
    return blocks


def compile_groups(groups, constraints):
    """Resolve the project with `groups` by uv; return the compiled text."""
    from environment import PYTHON

    command = [str(PYTHON), "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", "--quiet", str(PROJECT)]
    for group in groups:
        command += ["--group", "%s:%s" % (PROJECT, group)]
    if constraints:
        command += ["--constraints", str(constraints)]
    return subprocess.check_output(command, text=True)


def write(_arguments):
    """Resolve every group together and write build/requirements.lock."""
    from environment import PYTHON, install, make_environment

    make_environment()
    if FILE.exists():
        install("dev")
    else:  # the very first lock: uv itself has none to come from
        subprocess.check_call([str(PYTHON), "-m", "pip", "install", "uv"])
    everything = compile_groups([g for g in GROUPS if g != "run"], None)
    whole = FILE.with_suffix(".all")
    whole.write_text(everything, encoding="utf-8")
    parts = ["# Written by `python3 build/dev.py lock`; do not edit.", ""]
    needed_to_run = packages(compile_groups([], whole))
    # Markers may differ between a subset and the whole, so a package counts as the same by name and version.
    run_names = {key.split(" ;")[0] for key in needed_to_run}
    for group in GROUPS:
        blocks = needed_to_run if group == "run" else packages(compile_groups([group], whole))
        parts.append("# [%s]" % group)
        parts += [body for key, body in sorted(blocks.items()) if group == "run" or key.split(" ;")[0] not in run_names]
        parts.append("")
    whole.unlink()
    FILE.write_text("\n".join(parts), encoding="utf-8")
    print("%s: %d packages to run" % (FILE.name, len(needed_to_run)), file=sys.stderr)
    return 0
