"""Known vulnerabilities of everything locked, and the parts list (SBOM); needs the public vulnerability services.

A package that could not be looked up is never read as clean: pip-audit itself ends with 0 and "no known vulnerabilities"
when its service knows none of the packages asked for, so what it skipped is counted here.
"""

import argparse
import datetime
import json
import re
import subprocess
import tempfile
from pathlib import Path

import environment
import lock

RECORD = environment.ROOT / "docs" / "security-audit.md"
OUTPUT = environment.ROOT / "dist"
#: What lies between these lines of RECORD is written by a complete run.
MARKS = ("<!-- last complete run -->", "<!-- end -->")


class Incomplete(Exception):
    """Something could not be looked up; the message says what."""


def audit(arguments):
    """Look every locked package up in the public vulnerability services, and write the parts list to dist/."""
    parser = argparse.ArgumentParser(prog="build/dev.py audit")
    parser.add_argument("--osv-url", help="ask this OSV service instead of PyPI's")
    parser.add_argument("--npm-registry", help="ask this npm registry")
    parser.add_argument("--out", type=Path, default=OUTPUT, help="folder of the parts lists (default dist/)")
    parser.add_argument("--record", type=Path, default=RECORD, help="file that keeps the last complete run")
    options = parser.parse_args(arguments)
    environment.ensure("run", "test", "bench", "dev")
    lines = write_parts_lists(options.out)
    found, incomplete = [], []
    for look_up in (look_up_python, look_up_browser):
        try:
            count, faults = look_up(options)
        except Incomplete as problem:
            incomplete.append(str(problem))
        else:
            found += faults
            lines.append("%s: %d packages looked up, %d with known vulnerabilities" % (look_up.__doc__, count, len(faults)))
    print("\n".join(lines + found))
    if incomplete:
        print("NOT COMPLETE, and so not clean:\n  " + "\n  ".join(incomplete))
        return 1
    keep_record(options.record, lines + found)
    return 1 if found else 0


def locked_python_packages():
    """Return name and version of every package of every group and platform, as sets without two versions of one name."""
    rounds = []
    for group in lock.GROUPS:
        for key in lock.packages(lock.read(group)):
            name, _, version = key.split(" ;")[0].strip().partition("==")
            first = next((one for one in rounds if one.get(name, version) == version), None)
            if first is None:
                first = {}
                rounds.append(first)
            first[name] = version
    return rounds


def look_up_python(options):
    """Python"""
    rounds = locked_python_packages()
    probe = dict(list(rounds[0].items())[:1])
    pip_audit(probe, options)  # where the service is out of reach, one question shows it
    faults = [fault for packages in rounds for fault in pip_audit(packages, options)]
    return sum(map(len, rounds)), faults


def pip_audit(packages, options):
    """Return a line for every vulnerable package; raise Incomplete when any was not looked up."""
    with tempfile.TemporaryDirectory() as folder:
        listed, answered = Path(folder) / "packages.txt", Path(folder) / "answer.json"
        listed.write_text("".join("%s==%s\n" % pair for pair in packages.items()), encoding="utf-8")
        command = [str(environment.PYTHON), "-m", "pip_audit", "-r", str(listed), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--output", str(answered), "--cache-dir", folder]
        if options.osv_url:
            command += ["--vulnerability-service", "osv", "--osv-url", options.osv_url]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
        try:
            answer = json.loads(answered.read_text(encoding="utf-8"))["dependencies"]
        except (OSError, ValueError, KeyError):
            said = done.stderr.strip().splitlines() or ["no answer"]
            raise Incomplete("pip-audit could not ask its service: " + said[-1][:200]) from None
    seen = {normal(one["name"]): one for one in answer if "skip_reason" not in one}
    missing = [name for name, version in packages.items() if seen.get(normal(name), {}).get("version") != version]
    if missing:
        raise Incomplete("pip-audit could not look up %d of %d: %s" % (len(missing), len(packages), ", ".join(missing[:5])))
    return [
        "  %s %s: %s" % (one["name"], one["version"], ", ".join(sorted(vuln["id"] for vuln in one["vulns"])))
        for one in seen.values()
        if one["vulns"]
    ]


def normal(name):
    """Return a package's name as every tool spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def look_up_browser(options):
    """npm"""
    arguments = ["audit", "--json", "--package-lock-only", "--fetch-retries=0"]
    if options.npm_registry:
        arguments.append("--registry=" + options.npm_registry)
    done = npm(arguments)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Incomplete("npm audit gave no answer: " + done.stderr.strip()[-200:]) from None
    if "auditReportVersion" not in answer:
        reason = answer.get("message") or answer.get("error") or "no report"
        raise Incomplete("npm audit could not ask its registry: " + str(reason)[:200])
    locked = len(npm_packages())
    looked_up = answer["metadata"]["dependencies"]["total"]
    if looked_up < locked:
        raise Incomplete("npm audit looked up %d of %d packages" % (looked_up, locked))
    return looked_up, ["  %s: %s" % (name, one["severity"]) for name, one in sorted(answer["vulnerabilities"].items())]


def npm(arguments, folder=environment.ASSETS):
    """Run npm on the browser libraries' lock file."""
    node, script = environment.node_command()
    return subprocess.run([node, script, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def npm_packages():
    """Return the packages of the browser libraries' lock file."""
    content = json.loads((environment.ASSETS / "package-lock.json").read_text(encoding="utf-8"))
    return [name for name in content["packages"] if name]


def write_parts_lists(folder):
    """Write the parts lists (CycloneDX) of what is shipped; return a line on each."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.txt"
        listed.write_text(lock.read("run"), encoding="utf-8")
        python = folder / "sbom-python.cdx.json"
        command = [str(environment.PYTHON), "-m", "cyclonedx_py", "requirements", str(listed), "--output-file", str(python)]
        subprocess.run([*command, "--output-reproducible"], check=True, capture_output=True)
    browser = folder / "sbom-browser.cdx.json"
    browser.write_text(npm_parts_list(), encoding="utf-8")
    counts = [(path, len(json.loads(path.read_text(encoding="utf-8"))["components"])) for path in (python, browser)]
    return ["%s: %d components" % (path.name, count) for path, count in counts]


def npm_parts_list():
    """Return npm's own parts list; npm wants a version of what is listed, which the browser libraries' list has not."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            content = json.loads((environment.ASSETS / name).read_text(encoding="utf-8"))
            for place in (content, content.get("packages", {}).get("", {})):
                place["version"] = "0.0.0"
            (Path(scratch) / name).write_text(json.dumps(content), encoding="utf-8")
        done = npm(["sbom", "--sbom-format=cyclonedx", "--package-lock-only"], Path(scratch))
    if done.returncode != 0:
        raise SystemExit("npm sbom failed: " + done.stderr.strip()[-300:])
    return done.stdout


def keep_record(path, lines):
    """Put date and result of this complete run into the file that is committed."""
    text = path.read_text(encoding="utf-8")
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    result = "\n%s\n\n```\n%s\n```\n" % (datetime.datetime.now(datetime.UTC).date().isoformat(), "\n".join(lines))
    path.write_text(text[:begin] + result + text[end:], encoding="utf-8")
