"""bench/RESULTS.md: the figures, and the machine that they are of."""

import datetime
import platform
import subprocess


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, subprocess.TimeoutExpired, IndexError):
        return "not there"


def _field(path, name):
    try:
        with open(path) as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return "unknown"


def _machine(options, cpus):
    memory = int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1048576
    system = _field_of_release("PRETTY_NAME")
    with open("/proc/loadavg") as load:
        busy = load.read().split()[0]
    return [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("processor", f"{_field('/proc/cpuinfo', 'model name')}, {len(cpus)} of them"),
        ("memory", f"{memory:.0f} GB"),
        ("system", f"{system}, kernel {platform.release()}"),
        ("load before", busy),
        ("commit", _first_line("git", "describe", "--always", "--dirty")),
        ("swift", _first_line("swift", "--version")),
        ("nginx", _first_line("nginx", "-v")),
        ("rounds", f"{options.rounds} of {options.seconds:g} s each, interleaved"),
        ("command", options.command),
    ]


def _field_of_release(name):
    try:
        with open("/etc/os-release") as lines:
            return next(line.split("=", 1)[1].strip().strip('"') for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return "unknown"


def markdown(outcomes, options, cpus):
    lines = ["# What was measured", ""]
    lines += ["Made by `make bench`. Both sides of a line ran in the same minutes on the same machine, in turns; the",
              "ratio is the median of the rounds' own ratios. Server and load have a processor",
              "each, but share one where there is a single connection.", ""]
    lines += ["| | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in _machine(options, cpus)] + [""]
    lines += ["| measure | target | ours | theirs | ratio | met |", "|---|---|---|---|---|---|"]
    for _, outcome in outcomes:
        for row in outcome.rows:
            met = {True: "yes", False: "**no**", None: ""}[row.met]
            lines.append(f"| {row.measure} | {row.target} | {row.ours} | {row.theirs} | {row.ratio} | {met} |")
    notes = [(name, note) for name, outcome in outcomes for note in outcome.notes + outcome.missing]
    if notes:
        lines += ["", "Notes", ""] + [f"- {name}: {note}" for name, note in notes]
    return "\n".join(lines) + "\n"
