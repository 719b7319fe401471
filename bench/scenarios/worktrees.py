"""Thousands of worktrees: a plan over all of them, its carrying out, the disk page, and how long the loop was kept."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import urllib.request

from lib.figures import Outcome, bound, median, spread
from lib.processes import BenchError, Program, free_port

COUNT = int(os.environ.get("BENCH_WORKTREES", "10000"))
# So many have their files and can be removed; looking into one takes several runs of git.
REAL = int(os.environ.get("BENCH_WHOLE_WORKTREES", "300"))
PAGES = 100
AGE_MS = 20 * 24 * 3_600_000


def run(bench):
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(dir=bench.directory))
        if not start(bench, outcome, place):
            return outcome
        with start(bench, outcome, place) as door:
            seed(door, place)
        multiply(place)
        with start(bench, outcome, place) as door:
            measured(door)
            outcome.notes.append(f"loop turns over 10 ms while only /health is asked for: {control(door)}")
            page(outcome, door)
            first = plan(door)
            turns = slow_turns(door)
            again = [plan(door) for _ in range(5)]
            outcome.rows.append(bound(f"plan over {COUNT:,} worktrees, after a first look", median(again), 2, " s"))
            outcome.rows.append(slow("loop turns over 10 ms in five such plans", turns, slow_turns(door)))
            outcome.notes.append(f"plan: first look {first:.3g} s, then {spread(again)} s")
            turns = slow_turns(door)
            took, removed = carry_out(door)
            outcome.rows.append(slow("loop turns over 10 ms while a plan is carried out", turns, slow_turns(door)))
            outcome.notes.append(f"carried out in {took:.3g} s: {removed} removed of {COUNT:,}")
    return outcome


def start(bench, outcome, place):
    port = free_port()
    return bench.manage_door(outcome, port, {
        "STATE_DIR": f"{place}/state", "OCWEB_PROJECTS_DIR": f"{place}/projects", "RUNNER_MODE": "rehearsal",
        "GITHUB_SERVER_URL": f"file://{place}/origins", "PERIGEE_GIT_PROTOCOLS": "file",
    })


def ask(door, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{door.port}{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=1800) as answer:
        return answer.read()


def told(door, method, path, body=None):
    return json.loads(ask(door, method, path, body))


def seed(door, place):
    """A repository and one worktree of it, as Perigee makes them."""
    origin = f"{place}/origins/acme"
    os.makedirs(origin)
    work = f"{place}/work"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["git", "init", "-q", "-b", "main", work], **quiet)
    for number in range(20):
        with open(f"{work}/file{number}.txt", "w") as file:
            file.write(f"{number}\n" * 100)
    git = ["git", "-C", work, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    subprocess.run([*git, "add", "-A"], **quiet)
    subprocess.run([*git, "commit", "-qm", "first"], **quiet)
    subprocess.run(["git", "clone", "-q", "--bare", work, f"{origin}/app.git"], **quiet)
    told(door, "POST", "/mgmt/repos/clone", {"repo": "acme/app"})
    told(door, "POST", "/mgmt/worktrees", {"repo": "acme/app", "sessionId": "seed"})


def multiply(place):
    """Copies of it: rows in the store and directories, with all of their files for the first of them."""
    trees, desks = f"{place}/projects/worktrees", f"{place}/projects/desks"
    database = sqlite3.connect(f"{place}/state/perigee.db")
    names = [row[1] for row in database.execute("PRAGMA table_info(worktrees)")]
    row = dict(zip(names, database.execute("SELECT * FROM worktrees WHERE id = 'seed'").fetchone()))
    used = int(time.time() * 1000) - AGE_MS
    rows = []
    for number in range(COUNT):
        name = f"tree{number:06}"
        folder = f"acme__app__{name}"
        rows.append({
            **row, "id": name, "folder": folder, "path": f"{trees}/{folder}", "branch": f"perigee/{name}",
            "created_at": used, "used_at": used})
        if number < REAL:
            shutil.copytree(f"{trees}/acme__app__seed", f"{trees}/{folder}", symlinks=True)
            shutil.copytree(f"{desks}/seed", f"{desks}/{name}")
        else:
            os.makedirs(f"{trees}/{folder}")
    marks = ", ".join(f":{name}" for name in names)
    database.executemany(f"INSERT INTO worktrees VALUES ({marks})", rows)
    database.commit()
    database.close()


def measured(door):
    """Waits for the first round over all sizes, in which the page is asked for as well."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        shown = told(door, "GET", "/mgmt/disk?kind=worktree&limit=1")
        if sum(kind["count"] for kind in shown["kinds"] if kind["kind"] == "worktree") >= COUNT:
            return
        time.sleep(0.2)
    raise BenchError("the sizes of all worktrees were not measured within ten minutes")


def control(door):
    """What the machine itself does to a loop that has next to nothing to do."""
    before = slow_turns(door)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        ask(door, "GET", "/health")
    return slow("", before, slow_turns(door)).ours


def page(outcome, door):
    times = []
    for _ in range(PAGES):
        began = time.monotonic()
        ask(door, "GET", "/mgmt/disk")
        times.append((time.monotonic() - began) * 1000)
    times.sort()
    outcome.rows.append(bound(f"disk page with {COUNT:,} places: p99", times[PAGES * 99 // 100 - 1], 50, " ms"))
    outcome.notes.append(f"disk page: p50 {median(times):.3g} ms, {spread(times)} ms")


def plan(door):
    began = time.monotonic()
    finish(door, {"jobs": ["worktrees"], "plan": True})
    return time.monotonic() - began


def carry_out(door):
    began = time.monotonic()
    finish(door, {"jobs": ["worktrees"]})
    plans = told(door, "GET", "/mgmt/plans?job=worktrees&limit=1")["plans"]
    return time.monotonic() - began, plans[0]["removed"]


def finish(door, order):
    told(door, "POST", "/mgmt/gc", order)
    while not told(door, "GET", "/mgmt/gc")["done"]:
        time.sleep(0.02)


def slow_turns(door):
    """All turns of the loop, and those within 10 ms, as the program itself counts them."""
    counted = {}
    for line in ask(door, "GET", "/metrics").decode().splitlines():
        for name, key in (('loop_turn_seconds_bucket{le="0.01"}', "quick"), ("loop_turn_seconds_count", "all")):
            if name in line:
                counted[key] = int(float(line.rsplit(" ", 1)[1]))
    return counted


def slow(measure, before, after):
    turns = after["all"] - before["all"]
    late = turns - (after["quick"] - before["quick"])
    row = bound(measure, late, 0, "")
    row.ours = f"{late} of {turns:,}"
    return row
