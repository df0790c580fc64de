"""Work that misbehaves in every way a strategy may; run in a real job child."""
# ruff: noqa: E731, PLW1510, PTH101, PTH104, PTH108, PTH123, PTH208, SIM115, TID251 - misbehaving is what this file is for

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
import time

from quantbox.core.errors import Invalid
from quantbox.core.text import Text
from quantbox.jobs.models import Reason


class Refused(Invalid):
    code = "test.refused"
    sentence = Text("拒绝 {what}", "refused {what}")


def echo(header, feeds, emit):
    return json.dumps({"said": header["words"], "feeds": [len(feed) for feed in feeds], "sandbox": header["sandbox"]})


def progress(header, feeds, emit):
    for step in range(1000):
        emit({"type": "progress", "fraction": step / 1000})
        time.sleep(0.0005)
    print("finished", end="")
    return "1"


def loop(header, feeds, emit):
    while True:
        pass


def sleep(header, feeds, emit):
    time.sleep(60)


def ticking(header, feeds, emit):
    for _ in range(6000):
        time.sleep(0.01)
        emit({"type": "progress", "fraction": 0.5})


def memory(header, feeds, emit):
    kept = []
    while True:
        kept.append(bytearray(16 << 20))


def swallowed_memory(header, feeds, emit):
    kept = []
    while True:
        try:
            kept.append(bytearray(16 << 20))
        except MemoryError:
            return json.dumps(len(kept) < 64)


def exit_silently(header, feeds, emit):
    os._exit(0)


def exit_politely(header, feeds, emit):
    sys.exit(0)


def segfault(header, feeds, emit):
    ctypes.string_at(0)


def stack_overflow(header, feeds, emit):
    sys.setrecursionlimit(10**9)
    nest = []
    for _ in range(10**6):
        nest = [nest]
    repr(nest)


def fail(header, feeds, emit):
    return 1 / header["zero"]


def refuse(header, feeds, emit):
    raise Refused(what="it")


def failure_frame(header, feeds, emit):
    emit({"type": "failure", "reason": Reason("test.own", {"zh": "错", "en": "wrong"}, facts={"line": 3}).to_json()})
    return "ignored"


def flood(header, feeds, emit):
    for _ in range(200_000):
        print("x" * 500)
    os.write(1, b"y" * 5_000_000)
    os.write(2, b"the end")
    return "1"


def close_output(header, feeds, emit):
    sys.stdout.close()
    print("still heard")
    os.write(1, b'{"type":"result"}')
    os.close(1)
    os.close(2)
    return '"done"'


def attempt(act):
    try:
        act()
    except OSError as refusal:
        return refusal.strerror
    return "allowed"


#: Name, number on x86-64 and harmless arguments of calls Python has no function for.
SYSTEM_CALLS = {
    "shared memory": (29, 0, 4096, 0o1600),
    "message queue": (68, 0, 0o1600),
    "semaphores": (64, 0, 1, 0o1600),
    "faults of others": (323, 0),
    "mounting": (430, b"tmpfs", 0),
    "accounting": (163, None),
}


def call(number, *arguments):
    if os.uname().machine != "x86_64":
        return "Operation not permitted"
    library = ctypes.CDLL(None, use_errno=True)
    return "allowed" if library.syscall(number, *arguments) >= 0 else os.strerror(ctypes.get_errno())


def escape(header, feeds, emit):
    """Try what the sandbox refuses; only error texts go back."""
    place = header["place"]
    tcp = lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    udp = lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    unix = lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    outcome = {
        "write": attempt(lambda: open(place + "/new", "w")),
        "append": attempt(lambda: open(place + "/secret", "a")),
        "delete": attempt(lambda: os.unlink(place + "/secret")),
        "rename": attempt(lambda: os.rename(place + "/secret", place + "/other")),
        "truncate": attempt(lambda: os.truncate(place + "/secret", 0)),
        "chmod": attempt(lambda: os.chmod(place + "/secret", 0o777)),
        "temporary": attempt(lambda: open("/tmp/quantbox-escape", "w")),
        "read": attempt(lambda: open(place + "/secret").read()),
        "list": attempt(lambda: os.listdir(place)),
        "passwords": attempt(lambda: open("/etc/passwd").read()),
        "parent": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
        "tcp": attempt(tcp),
        "udp": attempt(udp),
        "unix": attempt(unix),
        "run": attempt(lambda: subprocess.run(["/bin/true"])),
        "fork": attempt(os.fork),
        "session": attempt(os.setsid),
        "kill": attempt(lambda: os.kill(os.getppid(), 0)),
        "memory file": attempt(lambda: os.memfd_create("uncounted")),
        "parent's priority": attempt(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 0)),
        "parent's processors": attempt(lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))),
        "attribute": attempt(lambda: os.removexattr(place + "/secret", "user.note")),
        "root folder": attempt(lambda: os.chroot("/")),
        "clock": attempt(lambda: time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))),
        **{name: call(*given) for name, given in SYSTEM_CALLS.items()},
    }
    thread_ran = []
    thread = threading.Thread(target=lambda: thread_ran.append(attempt(tcp)))
    thread.start()
    thread.join()
    outcome["tcp in a thread"] = thread_ran[0]
    import sqlite3  # a module not imported before: the installation stays readable

    outcome["sqlite"] = sqlite3.sqlite_version
    return json.dumps(outcome)


def daemonise(header, feeds, emit):
    """Leave a grandchild in a session of its own behind; needs a system without the sandbox."""
    code = """import subprocess, sys
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], **quiet).pid)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout


def abandon_pipe(header, feeds, emit):
    """End, and leave a process behind that holds every pipe open; needs a system without the sandbox."""
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
