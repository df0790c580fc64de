"""Children of the supervisor without any of the program's weight: they greet, answer, and die when asked."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from quantbox.core.errors import QuantBoxError
from quantbox.core.processes.control import take_standard_pipes


def serve_web(line) -> None:
    state = {"keys": None, "opened": 0, "closed": 0, "unasked": []}

    def open_store(keys):
        state["keys"] = keys
        state["opened"] += 1

    def close_store():
        state["keys"] = None
        state["closed"] += 1

    def note_unasked(by):
        state["unasked"].append(by)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if asked["method"] == "show":
                answer = state | {"pid": os.getpid(), "greeting": greeting}
            else:
                try:
                    answer = {"result": line.request(asked["method"], timeout_seconds=90, **asked["parameters"])}
                except QuantBoxError as refusal:
                    answer = {"error": refusal.code, "kind": refusal.kind}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    line.on("vault.opened", open_store)
    line.on("vault.opened_unasked", note_unasked)
    line.on("vault.closed", close_store)
    line.start()
    greeting = line.request("hello")
    if greeting["keys"]:
        open_store(greeting["keys"])
    server = ThreadingHTTPServer(("127.0.0.1", greeting["port"]), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    line.notify("ready", url=f"http://127.0.0.1:{greeting['port']}")


def main(role: str) -> None:
    line = take_standard_pipes(role)
    line.on_closed(lambda: os._exit(0))
    if role == "web":
        serve_web(line)
    elif role == "broken":
        os._exit(3)
    else:
        line.start()
        greeting = line.request("hello")
        if role == "window-fails":
            os._exit(1)
        line.notify("ready")
        if role == "window":
            with Path(sys.argv[2]).open("a") as seen:
                seen.write(greeting["url"] + "\n")
            while not Path(sys.argv[2] + ".close").exists():
                time.sleep(0.02)
            os._exit(0)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
