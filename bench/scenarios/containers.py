"""A plan over 1,000 containers of ours, and how long everybody else waits meanwhile."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import sqlite3
import threading
import time

from lib.engine import IMAGE, Engine, Unavailable
from lib.figures import Outcome, bound, median, spread
from lib.processes import BenchError, Program, free_port

CONTAINERS = int(os.environ.pop("PERIGEE_BENCH_CONTAINERS", "1000"))
LONG = "0.01"


class _Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if data else {}
        self.connection.request("POST" if data else "GET", path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 202):
            raise BenchError(f"{path}: {answer.status} {text}")
        return text

    def long_turns(self):
        """Turns of the loop so far that took longer than 10 ms."""
        text = self.ask("/metrics")
        count = float(re.search(r"^loop_turn_seconds_count (\S+)", text, re.M)[1])
        short = float(re.search(rf'^loop_turn_seconds_bucket{{le="{re.escape(LONG)}"}} (\S+)', text, re.M)[1])
        return int(count - short)


class _Bystander:
    """Asks for something small without a pause, and remembers the longest wait."""

    def __init__(self, port):
        self.client = _Client(port)
        self.longest = 0.0
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()

    def _run(self):
        while not self.ends.is_set():
            before = time.monotonic()
            self.client.ask("/healthz")
            self.longest = max(self.longest, (time.monotonic() - before) * 1000)
            time.sleep(0.001)


def run(bench):
    outcome = Outcome()
    command = bench.perigee_command(outcome)
    if command is None:
        return outcome
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(Engine(bench.load_cpus))
        except Unavailable as why:
            outcome.missing.append(f"containers: {why}")
            return outcome
        port = free_port()
        stack.enter_context(bench.environment(port))
        env = {
            "RUNNER_MODE": "container", "RUNNER_IMAGE": IMAGE, "DOCKER_HOST": f"unix://{engine.socket}",
            "LOG_LEVEL": "warning",
        }
        server = Program("perigee", [*command, "serve"], cpus=bench.server_cpus, env=env, port=port)
        stack.enter_context(server)
        # Made while it serves: its start clears away what bears its mark and is in no book.
        engine.create(CONTAINERS, _labels(_installation()))
        _measure(bench, server, outcome)
    return outcome


def _installation():
    database = pathlib.Path(os.environ["STATE_DIR"]) / "perigee.db"
    with contextlib.closing(sqlite3.connect(database)) as store:
        return store.execute("SELECT value FROM about WHERE name = 'installation'").fetchone()[0]


def _labels(owner):
    return lambda number: {
        "perigee.owner": owner, "open-persona.runner": "true", "open-persona.workspace": f"{number:016x}",
        "open-persona.keysig": f"{number:08x}",
    }


def _delay(server):
    """Milliseconds for which its loop was ready to run and had no processor: whoever else is at work here."""
    with open(f"/proc/{server.process.pid}/schedstat") as stat:
        return int(stat.read().split()[1]) / 1e6


def _measure(bench, server, outcome):
    client = _Client(server.port)
    times, waits, turns, delays = [], [], [], []
    for _ in bench.rounds():
        before, delay = client.long_turns(), _delay(server)
        with _Bystander(server.port) as bystander:
            began = time.monotonic()
            round_ = json.loads(client.ask("/mgmt/gc", {"plan": True, "jobs": ["orphans"]}))
            while not round_["done"]:
                time.sleep(0.01)
                round_ = json.loads(client.ask("/mgmt/gc"))
            times.append((time.monotonic() - began) * 1000)
        plan = round_["jobs"][0].get("plan") or {}
        if plan.get("removes", 0) + plan.get("keeps", 0) < CONTAINERS:
            raise BenchError(f"the plan is not whole: {round_}")
        waits.append(bystander.longest)
        turns.append(client.long_turns() - before)
        delays.append(_delay(server) - delay)
    name = f"a clean-up plan over {CONTAINERS} containers"
    outcome.rows.append(bound(name, median(times), 2000, " ms"))
    outcome.rows.append(bound(f"{name}: turns of the loop over 10 ms", median(turns), 0, ""))
    outcome.rows.append(bound(f"{name}: longest wait of a request", median(waits), 10, " ms"))
    outcome.notes.append(
        f"plans: {spread(times)} ms; turns over 10 ms in each: {spread(turns)}; longest waits: {spread(waits)} ms; "
        f"the loop waited {spread(delays)} ms for its processor in each")
