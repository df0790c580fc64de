#!/usr/bin/env python3
"""One door to everything a developer or a new user does: run, test, check, audit, bench, setup, lock, package.

Standard library only, because it is what runs on a machine that has Python and git and nothing else.
"""

import sys

if not ((3, 11) <= sys.version_info[:2] <= (3, 13)):
    sys.exit(
        "QuantBox 需要 Python 3.11 至 3.13，当前是 %d.%d。 / QuantBox needs Python 3.11 to 3.13; this is %d.%d."
        % (sys.version_info[:2] * 2)
    )

import argparse
import os
import subprocess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environment
import known_faults
import lock
import packaging_build
import system_packages

ROOT = environment.ROOT


def python(*args, **options):
    """Run the virtual environment's Python from the checkout and return its exit status."""
    return subprocess.call([str(environment.PYTHON), *args], cwd=ROOT, **options)


def run(arguments):
    """Set up what running needs, then start the program with the rest of the command line."""
    environment.ensure("run")
    command = [str(environment.PYTHON), "-m", "quantbox.cli", "start", *arguments]
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)  # one process less to stop on Ctrl+C
    return 0


def check(_arguments):
    """Run the linters, the type checker and the import contract."""
    environment.ensure("run", "test")
    steps = {
        "ruff check": ["-m", "ruff", "check", "."],
        "ruff format": ["-m", "ruff", "format", "--check", "."],
        "mypy --strict": ["-m", "mypy"],
        "bandit": ["-m", "bandit", "-q", "-r", "-c", "pyproject.toml", "quantbox"],
        "import-linter": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    }
    failed = []
    for name, step in steps.items():
        print("== " + name, flush=True)
        if python(*step) != 0:
            failed.append(name)
    if failed:
        print("check failed: " + ", ".join(failed))
    return 1 if failed else 0


def test(arguments):
    """Run every check and every test; with --long also the whole fault runs and the package builds."""
    environment.ensure("run", "test")
    system_packages.ensure()
    selection = [] if "--long" in arguments else ["-m", "not long"]
    rest = [a for a in arguments if a != "--long"]
    status = 0 if rest else check([])
    workers = [] if any(a == "-n" or a.startswith("-n") for a in rest) else ["-n", "2"]
    environ = {**os.environ, "PYTHONUTF8": "1"}
    failed = python("-m", "pytest", *workers, *selection, *rest, env=environ)
    if status != 0:
        print("the tests ran, but check failed: see above")
    return failed or status


def bench(arguments):
    """Print the figures of the design, measured beside stock Backtrader in the same run."""
    environment.ensure("run", "bench")
    system_packages.ensure()
    return python("-m", "tests.benchmarks", *arguments)


def setup(_arguments):
    """Do the set-up of `run` and nothing else."""
    environment.ensure("run")
    return 0


COMMANDS = {
    "run": run,
    "test": test,
    "check": check,
    "audit": known_faults.audit,
    "bench": bench,
    "setup": setup,
    "lock": lock.write,
    "package": packaging_build.build_wheel,
}


def main():
    """Read the command and run it."""
    parser = argparse.ArgumentParser(
        prog="build/dev.py", epilog="; ".join("%s: %s" % (k, f.__doc__.splitlines()[0]) for k, f in COMMANDS.items())
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="passed on (run: --demo, --data-dir DIR, --port N; test: --long, paths)"
    )
    options = parser.parse_args()
    try:
        return COMMANDS[options.command](options.arguments)
    except environment.SetupFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
