"""From saving a script to its first answer, among 30 scripts of 4,000 lines; and how long requests waited meanwhile."""

import http.client
import os
import pathlib
import subprocess
import sys
import time

from lib.figures import Outcome, bound, median, spread
from lib.processes import BenchError, free_port

SCRIPTS = 30
LINES = 4000
# Taken out of the environment, which the server inherits: it refuses settings that it does not know.
RELOADS = int(os.environ.pop("PERIGEE_BENCH_RELOADS", "1000"))


def _bulk(lines):
    """A script as long as that, with functions, tables and texts in it."""
    body = ["local bulk = {}"]
    for number in range(lines // 5):
        body += [
            f"function bulk.f{number}(value, other)",
            f"  local name = \"item {number}\"",
            f"  if value and other then return name .. value, {number} end",
            "  return { name = name, value = value, other = other }",
            "end",
        ]
    return body


def _script(version, lines):
    body = _bulk(lines) if lines else []
    route = 'return { routes = { ["GET /version"] = function() return { text = "%s" } end } }' % version
    return "\n".join(body + [route]) + "\n"


def _save(path, text):
    """As editors do."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)


class _Asker:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, path="/x/version"):
        self.connection.request("GET", path)
        return self.connection.getresponse().read().decode()

    def until(self, wanted):
        """Asks without a pause; tells when the answer came, and the longest that any answer took."""
        began = time.monotonic()
        longest = 0.0
        while True:
            before = time.monotonic()
            answer = self.ask()
            now = time.monotonic()
            longest = max(longest, now - before)
            if answer == wanted:
                return (now - began) * 1000, longest * 1000
            if now - began > 20:
                raise RuntimeError(f"{wanted} never came, {answer} did")


def _memory(asker):
    for line in asker.ask("/metrics").splitlines():
        if line.startswith("perigee_scripts_bytes "):
            return float(line.split()[1])
    return 0.0


def _resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def run(bench):
    outcome = Outcome()
    program = pathlib.Path(bench.options.perigee)
    if not program.exists():
        outcome.notes.append(f"not measured: there is no {program}")
        return outcome
    port = free_port()
    with bench.environment(port):
        scripts = pathlib.Path(os.environ["STATE_DIR"]) / "scripts"
        (scripts / "hooks").mkdir(parents=True)
        (scripts / "lib").mkdir()
        edited = scripts / "hooks" / "version.lua"
        for number in range(SCRIPTS - 1):
            text = "\n".join(_bulk(LINES) + ["return {}"]) + "\n"
            (scripts / "hooks" / f"bulk{number}.lua").write_text(text)
        edited.write_text(_script("v0", LINES))
        command = [program, "serve", "LOG_LEVEL=error", "PERIGEE_SCRIPT_MEMORY=256MB"]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        try:
            asker = _Asker(port)
            while True:
                try:
                    asker.ask("/healthz")
                    break
                except OSError:
                    if server.poll() is not None:
                        raise BenchError(f"{program} ended before it answered")
                    asker.connection.close()
                    time.sleep(0.02)
            asker.until("v0")
            live, waits = [], []
            for turn in range(3 * len(bench.rounds())):
                _save(edited, _script(f"v{turn + 1}", LINES))
                took, longest = asker.until(f"v{turn + 1}")
                live.append(took)
                waits.append(longest)
            outcome.rows.append(bound("save to live, 30 scripts of 4,000 lines", median(live), 100, " ms"))
            outcome.rows.append(bound("longest wait of a request during a reload", median(waits), 5, " ms"))
            outcome.notes.append(f"save to live: {spread(live)} ms, 50 ms of which are spent gathering changes")
            outcome.notes.append(f"longest wait of a request, each reload: {spread(waits)} ms")
            _growth(asker, server.pid, edited, outcome)
        finally:
            server.terminate()
            server.wait()
    return outcome


def _growth(asker, pid, edited, outcome):
    """Small scripts from here on, so that a thousand reloads end today."""
    for path in edited.parent.glob("bulk*.lua"):
        path.unlink()
    _save(edited, _script("small", 0))
    asker.until("small")
    for _ in range(20):
        asker.connection.request("POST", "/mgmt/scripts/reload")
        asker.connection.getresponse().read()
    first, resident = _memory(asker), _resident(pid)
    for _ in range(RELOADS):
        asker.connection.request("POST", "/mgmt/scripts/reload")
        asker.connection.getresponse().read()
    last = _memory(asker)
    outcome.rows.append(bound(f"memory of scripts after {RELOADS} reloads, to the first", last / first, 1.01, ""))
    outcome.notes.append(
        f"{RELOADS} reloads: scripts {first / 1024:.0f} to {last / 1024:.0f} KB, "
        f"process {resident / 1024:.1f} to {_resident(pid) / 1024:.1f} MB")
