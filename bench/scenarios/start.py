"""From the start of the program to its first answer."""

from lib.figures import Outcome, bound, median, spread
from lib.processes import free_port


def run(bench):
    outcome = Outcome()
    command = bench.start_command(outcome)
    if command is None:
        return outcome
    times = []
    for _ in bench.rounds():
        port = free_port()
        filled = [part.replace("{port}", str(port)) for part in command]
        with bench.environment(port):
            result = bench.tools.run("first", port, bench.options.start_path, *filled, cpus=bench.server_cpus)
        times.append(result["milliseconds"])
    outcome.rows.append(bound("start to first answer", median(times), 100, " ms"))
    outcome.notes.append(f"{' '.join(command)}: {spread(times)} ms")
    return outcome
