"""Event streams through a relay, beside nginx as a proxy: what it adds to the tail, and what an event costs."""

import contextlib

from lib import nginx
from lib.figures import Outcome, compare, median, spread
from lib.processes import BenchError, Program

STREAMS, INTERVAL_MS, PADDING = 200, 20, 96


def run(bench):
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(Program("source", [bench.tools.path("source")], cpus=bench.load_cpus))
        sides = {
            "direct": source,
            "nginx": stack.enter_context(nginx.relay(bench.directory, bench.server_cpus, source.port)),
        }
        ours = bench.relay(outcome, source.port)
        if ours:
            sides["ours"] = stack.enter_context(ours)
        measured = rounds(bench, sides)
    for name, (tails, costs) in measured.items():
        cost = f", {median(costs):.2f} µs of processor an event" if name != "direct" else ""
        outcome.notes.append(f"{name}: p99 {median(tails):.0f} µs ({spread(tails)}){cost}")
    if "ours" in measured:
        judge(outcome, measured)
    return outcome


def rounds(bench, sides):
    measured = {name: ([], []) for name in sides}
    path = f"/sse?n=100000000&ms={INTERVAL_MS}&size={PADDING}"
    for turn in bench.rounds():
        for name in bench.order(list(sides), turn):
            result = bench.tools.measure(
                "follow", sides[name].port, path, STREAMS, bench.options.seconds, servers=[sides[name]])
            wrong = {key: result[key] for key in ("gaps", "repeats", "early_ends", "failed", "malformed")}
            if any(wrong.values()) or not result["events"]:
                raise BenchError(f"{sides[name].name}: the streams are not whole: {wrong}")
            measured[name][0].append(result["p99_us"])
            measured[name][1].append(result["cpu"][0] * 1e6 / result["events"])
    return measured


def judge(outcome, measured):
    direct = measured["direct"][0]
    # What the way through adds in each round; never below a microsecond, which is what can be told apart.
    added = {
        name: [max(1.0, tail - base) for tail, base in zip(measured[name][0], direct)] for name in ("ours", "nginx")
    }
    what = f"{STREAMS} streams × {1000 // INTERVAL_MS} events a second"
    outcome.rows.append(compare(
        f"relay, {what}: added p99", added["ours"], added["nginx"], "nginx as proxy", at_most=1.2, unit=" µs"))
    outcome.rows.append(compare(
        f"relay, {what}: processor time an event", measured["ours"][1], measured["nginx"][1], "nginx as proxy",
        at_most=1.2, unit=" µs"))
