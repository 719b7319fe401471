"""What needs no other process: calls into Lua, JSON, the store. BenchMicro prints one JSON object a line."""

import json
import subprocess

from lib.figures import Outcome, Row, bound, number
from lib.processes import BenchError

# Words that a measurement's name must contain, the key of its value, the bound, and whether more is better.
TARGETS = [
    (("lua hook", "at once"), "microseconds", 2, False),
    (("lua wait and resume",), "microseconds", 0.5, False),
    (("durable writes", "64 callers"), "per_second", 5000, True),
    (("point reads", "64 callers"), "per_second", 100_000, True),
]
SCALES = {"nanoseconds": 1e-3, "ns": 1e-3, "us": 1, "microseconds": 1, "milliseconds": 1e3}


def run(bench):
    outcome = Outcome()
    command = bench.micro_command(outcome)
    if command is None:
        return outcome
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = set()
    for line in lines:
        outcome.rows.append(row(normal(line), found))
    for words, *_ in TARGETS:
        if words not in found:
            outcome.missing.append(f"nothing measured for “{', '.join(words)}”")
    return outcome


def normal(line):
    """The same line with its value in one of two units: `per_second` or `microseconds`."""
    if "per_second" in line:
        return line
    for unit, factor in SCALES.items():
        if unit in line:
            return {"name": line["name"], "microseconds": line[unit] * factor}
    raise BenchError(f"a line without a value that is understood: {line}")


def row(line, found):
    for words, unit, limit, more in TARGETS:
        if unit in line and all(word in line["name"].lower() for word in words):
            found.add(words)
            return bound(line["name"], line[unit], limit, "/s" if more else " µs", at_least=more)
    if "per_second" in line:
        return Row(line["name"], "", f"{number(line['per_second'])}/s")
    return Row(line["name"], "", f"{number(line['microseconds'])} µs")
