"""What an open stream costs that says nothing: memory of each, and of the process without any."""

import json
import resource
import subprocess

from lib import nginx
from lib.figures import Outcome, bound
from lib.processes import BenchError
from lib.tools import end

STREAMS = 5000


def run(bench):
    outcome = Outcome()
    ours = bench.server(outcome)
    if ours:
        with ours:
            idle, each = held(bench, ours)
        outcome.rows.append(bound("memory of the idle server", idle / 1048576, 30, " MB"))
        outcome.rows.append(bound(f"memory of an idle stream ({STREAMS} of them)", each / 1024, 4, " KB"))
    with nginx.lua(bench.directory, bench.server_cpus) as theirs:
        idle, each = held(bench, theirs)
    outcome.notes.append(
        f"nginx with Lua: {idle / 1048576:.1f} MB idle, {each / 1024:.1f} KB for each of {STREAMS} idle streams")
    return outcome


def held(bench, server):
    """Resident bytes without streams, and what each stream adds."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit != resource.RLIM_INFINITY and limit < STREAMS + 100:
        raise BenchError(f"{STREAMS} streams need more than the {limit} descriptors that `ulimit -Hn` allows")
    path = bench.options.stream_path
    # One connection first, so that what is loaded only once is not counted as the streams'.
    hold(bench, server, path, 8)
    idle = server.resident() if len(server.pids()) == 1 else server.memory()
    tool = bench.tools.start("hold", server.port, path, STREAMS, stdin=subprocess.PIPE)
    try:
        opened = json.loads(tool.stdout.readline())["open"]
        if opened != STREAMS:
            raise BenchError(f"{server.name}: only {opened} of {STREAMS} streams opened")
        full = server.resident() if len(server.pids()) == 1 else server.memory()
        output, _ = tool.communicate("", timeout=30)
        alive = json.loads(output)["alive"]
        if alive != STREAMS:
            raise BenchError(f"{server.name}: {STREAMS - alive} of {STREAMS} idle streams ended by themselves")
    finally:
        end(tool)
    return idle, max(0, full - idle) / STREAMS


def hold(bench, server, path, streams):
    tool = bench.tools.start("hold", server.port, path, streams, stdin=subprocess.PIPE)
    try:
        tool.stdout.readline()
        tool.communicate("", timeout=30)
    finally:
        end(tool)
