"""What an open stream costs that says nothing: memory of each, and of the process without any."""

import json
import subprocess

from lib import nginx
from lib.figures import Outcome, bound
from lib.processes import BenchError
from lib.tools import end

STREAMS = 5000


def run(bench):
    outcome = Outcome()
    streams = 500 if bench.options.quick else STREAMS
    ours = bench.server(outcome)
    if ours:
        with ours:
            idle, each = held(bench, ours, streams)
        outcome.rows.append(bound("memory of the idle server", idle / 1048576, 30, " MB"))
        outcome.rows.append(bound(f"memory of an idle stream ({streams} of them)", each / 1024, 4, " KB"))
    with nginx.lua(bench.directory, bench.server_cpus) as theirs:
        idle, each = held(bench, theirs, streams)
    outcome.notes.append(
        f"nginx with Lua: {idle / 1048576:.1f} MB idle, {each / 1024:.1f} KB for each of {streams} idle streams")
    return outcome


def held(bench, server, streams):
    """Resident bytes without streams, and what each stream adds."""
    path = bench.options.stream_path
    # One connection first, so that what is loaded only once is not counted as the streams'.
    hold(bench, server, path, 8)
    idle = server.resident() if len(server.pids()) == 1 else server.memory()
    tool = bench.tools.start("hold", server.port, path, streams, stdin=subprocess.PIPE)
    try:
        opened = json.loads(tool.stdout.readline())["open"]
        if opened != streams:
            raise BenchError(f"{server.name}: only {opened} of {streams} streams opened")
        full = server.resident() if len(server.pids()) == 1 else server.memory()
        output, _ = tool.communicate("", timeout=30)
        alive = json.loads(output)["alive"]
        if alive != streams:
            raise BenchError(f"{server.name}: {streams - alive} of {streams} idle streams ended by themselves")
    finally:
        end(tool)
    return idle, max(0, full - idle) / streams


def hold(bench, server, path, streams):
    tool = bench.tools.start("hold", server.port, path, streams, stdin=subprocess.PIPE)
    try:
        tool.stdout.readline()
        tool.communicate("", timeout=30)
    finally:
        end(tool)
