"""Small JSON over kept connections, beside nginx plain and nginx with Lua."""

import contextlib

from lib import nginx
from lib.figures import Outcome, compare, median, spread
from lib.processes import BenchError


def run(bench):
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        sides = {
            "nginx": stack.enter_context(nginx.plain(bench.directory, bench.server_cpus)),
            "nginx+lua": stack.enter_context(nginx.lua(bench.directory, bench.server_cpus)),
        }
        ours = bench.server(outcome)
        if ours:
            sides["ours"] = stack.enter_context(ours)
        for connections in (1, 64):
            compare_at(bench, outcome, sides, connections)
    return outcome


def compare_at(bench, outcome, sides, connections):
    # With one connection only one side works at a time: on two processors most of what is measured is waking them up.
    cpus = bench.server_cpus if connections == 1 else bench.load_cpus
    rates, tails, costs = ({name: [] for name in sides} for _ in range(3))
    for turn in bench.rounds():
        for name in bench.order(list(sides), turn):
            server = sides[name]
            result = bench.tools.measure(
                "ask", server.port, bench.options.path, connections, bench.options.seconds, servers=[server],
                cpus=cpus)
            if result["errors"] or not result["answers"]:
                raise BenchError(f"{server.name}: {result['errors']} of {result['answers']} requests failed")
            rates[name].append(result["answers"] / result["seconds"])
            tails[name].append(result["p99_us"])
            costs[name].append(result["cpu"][0] * 1e6 / result["answers"])
    at = f"{connections} connection{'s' if connections > 1 else ''}"
    if "ours" in sides:
        rows = outcome.rows
        rows.append(compare(f"JSON requests a second, {at}", rates["ours"], rates["nginx+lua"], "nginx with Lua", 1))
        rows.append(compare(f"JSON requests a second, {at}", rates["ours"], rates["nginx"], "nginx", 0.9))
        # "No worse" with room for the noise of a tail of microseconds.
        rows.append(compare(
            f"p99, {at}", tails["ours"], tails["nginx+lua"], "nginx with Lua", at_most=1.05, unit=" µs"))
        rows.append(compare(f"processor time a request, {at}", costs["ours"], costs["nginx"], "nginx", unit=" µs"))
    for name in sides:
        outcome.notes.append(
            f"{at}, {name}: {median(rates[name]):,.0f} requests/s ({spread(rates[name])}), "
            f"p99 {median(tails[name]):.0f} µs, {median(costs[name]):.2f} µs of processor a request")
