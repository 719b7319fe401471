"""Conversations through the chat door beside the same with the agent itself: first token, relay, memory of a stream."""

import contextlib
import http.client
import json
import subprocess
import time

from lib.figures import Outcome, bound, median, spread
from lib.processes import BenchError, Program
from lib.tools import end

STREAMS = 100
# The relay: 100 streams × 100 pieces a second.
RELAY_MS = 10
HELD = 1000


def run(bench):
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(Program("agent", [bench.tools.path("agent")], cpus=bench.load_cpus))
        door = bench.chat_door(outcome, agent.port)
        if not door:
            return outcome
        stack.enter_context(door)
        first_tokens(bench, outcome, agent, door)
        relay(bench, outcome, agent, door)
        held(bench, outcome, door)
    return outcome


def talk(bench, whom, port, turns, pieces, pause, spread_ms):
    result = bench.tools.run("talk", whom, port, STREAMS, turns, pieces, pause, spread_ms, timeout=300)
    wrong = {key: result[key] for key in ("failed", "lost")}
    if any(wrong.values()):
        raise BenchError(f"talk {whom}: the answers are not whole: {wrong}")
    return result


def first_tokens(bench, outcome, agent, door):
    """What stands between a prompt and its first token, over the agent itself, while 100 streams are open."""
    added = {"first_of_chat": ([], []), "first": ([], [])}
    for turn in bench.rounds():
        sides = {}
        for name in bench.order(["agent", "chat"], turn):
            port = agent.port if name == "agent" else door.port
            # Ten pieces over a second, three turns: at each moment nearly all streams are in an answer.
            sides[name] = talk(bench, name, port, 3, 10, 100, 1000)
        for what, (halves, tails) in added.items():
            halves.append((sides["chat"][what]["p50_us"] - sides["agent"][what]["p50_us"]) / 1000)
            tails.append((sides["chat"][what]["p99_us"] - sides["agent"][what]["p99_us"]) / 1000)
    for what, words in (("first", "next turn"), ("first_of_chat", "new chat")):
        halves, tails = added[what]
        name = f"chat door, {STREAMS} streams, first token of a {words}"
        outcome.rows.append(bound(f"{name}: added p50", median(halves), 1, " ms"))
        outcome.rows.append(bound(f"{name}: added p99", median(tails), 5, " ms"))
        outcome.notes.append(f"{words}: p50 {spread(halves)} ms, p99 {spread(tails)} ms")


def relay(bench, outcome, agent, door):
    """From the moment at which the agent says a piece to the moment at which the client has it."""
    tails, direct, rates, costs = [], [], [], []
    pieces = int(bench.options.seconds * 1000 / RELAY_MS)
    for turn in bench.rounds():
        for name in bench.order(["agent", "chat"], turn):
            port = agent.port if name == "agent" else door.port
            before = door.cpu_seconds()
            # Beginnings are spread, so that what is measured is pieces and not a hundred first tokens at once.
            result = talk(bench, name, port, 1, pieces, RELAY_MS, 1000)
            if name == "agent":
                direct.append(result["relayed"]["p99_us"] / 1000)
                continue
            tails.append(result["relayed"]["p99_us"] / 1000)
            # While all streams are open; in the spread of their beginnings it rises to that.
            rates.append(result["relayed"]["count"] / (result["seconds"] - 1))
            costs.append((door.cpu_seconds() - before) * 1e6 / result["relayed"]["count"])
    outcome.rows.append(bound(f"chat door, {STREAMS * 1000 // RELAY_MS:,} pieces a second: p99", median(tails), 2, " ms"))
    outcome.notes.append(
        f"relay: {median(rates):,.0f} pieces/s, p99 {spread(tails)} ms (agent itself {spread(direct)} ms), "
        f"{median(costs):.1f} µs of processor a piece")


def held(bench, outcome, door):
    """What an open stream costs whose agent is silent."""
    before = door.memory()
    tool = bench.tools.start("talk", "chat", door.port, HELD, 1, 1, 40000, 5000, stdin=subprocess.DEVNULL)
    try:
        if tool.stdout.readline().strip() != "counting":
            raise BenchError("talk did not begin")
        wait_for_streams(bench, door)
        each = (door.memory() - before) / HELD / 1024
        output, _ = tool.communicate(timeout=120)
        result = json.loads(output.strip().splitlines()[-1])
        if result["failed"] or result["lost"]:
            raise BenchError(f"of {HELD} open streams {result['failed']} failed, and {result['lost']} pieces were lost")
    finally:
        end(tool)
    outcome.rows.append(bound(f"memory of an open stream of the chat door ({HELD} of them)", each, 30, " KB"))


def wait_for_streams(bench, door):
    """Until all are in their answer."""
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", door.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        open_runs = [float(line.split()[-1]) for line in text.splitlines() if line.startswith("perigee_runs_unfinished")]
        if open_runs and open_runs[0] >= HELD:
            return
        time.sleep(0.1)
    raise BenchError(f"not all of {HELD} streams were open at once")
