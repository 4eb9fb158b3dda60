"""`kinora run` with two tiny services in place of the application: `python -m tests.servers.local.tiny`.

KINORA_TINY_WORKER names the worker's behaviour: `stay`, or `fail` to end at once with its last words.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.config import Settings, load
from app.local import supervisor
from app.local.identity import current
from app.local.ports import answers
from app.local.program import SUPERVISED, Program

API = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
WORKERS = {
    "stay": "import signal; signal.pause()",
    "fail": "raise SystemExit('the worker has no hands')",
}


def services(settings: Settings, environ: Mapping[str, str]) -> Sequence[Program]:
    """A worker and an API, marked as the real ones are."""
    env = {**environ, SUPERVISED: str(settings.data_dir)}
    worker = WORKERS[environ.get("KINORA_TINY_WORKER", "stay")]

    def program(name: str, code: str, *arguments: str) -> Program:
        ready = (lambda pid: answers("127.0.0.1", settings.port, "/readyz")) if name == "api" else (lambda pid: True)
        argv = (sys.executable, "-c", code, *arguments)
        return Program(name=name, argv=argv, env=env, cwd=Path("/"), identity=current(), ready=ready)

    return [program("worker", worker), program("api", API, str(settings.port))]


if __name__ == "__main__":
    sys.exit(supervisor.run(load(os.environ, os.getcwd()), services=services))
