"""The load tools of bench/tools: compiled once, run on processors of their own."""

import json
import os
import pathlib
import subprocess

from .processes import BenchError, pinned

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "tools"


class Tools:
    def __init__(self, directory, cpus):
        self.directory = pathlib.Path(directory)
        self.cpus = cpus
        for source in sorted(SOURCES.glob("*.c")):
            command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(self.directory / source.stem), str(source)]
            built = subprocess.run(command, capture_output=True, text=True)
            if built.returncode:
                raise BenchError(f"{' '.join(command)}: {built.stderr}")

    def path(self, name):
        return str(self.directory / name)

    def start(self, name, *arguments, cpus=None, stdin=subprocess.DEVNULL):
        return subprocess.Popen(
            [self.path(name), *map(str, arguments)], preexec_fn=pinned(cpus or self.cpus), stdin=stdin,
            stdout=subprocess.PIPE, text=True)

    def run(self, name, *arguments, cpus=None, timeout=120):
        """What the tool printed as its last line."""
        tool = self.start(name, *arguments, cpus=cpus)
        return finish(tool, name, timeout)

    def measure(self, name, *arguments, servers, cpus=None, timeout=120):
        """The tool's result with `cpu`: seconds that each server used from the end of the warm-up on."""
        tool = self.start(name, *arguments, cpus=cpus)
        try:
            first = tool.stdout.readline()
            before = [server.cpu_seconds() for server in servers]
            if first.strip() != "counting":
                raise BenchError(f"{name} {arguments}: it ended before it counted ({first.strip()})")
            result = finish(tool, name, timeout)
            result["cpu"] = [server.cpu_seconds() - was for server, was in zip(servers, before)]
            return result
        finally:
            end(tool)


def finish(tool, name, timeout):
    try:
        output, _ = tool.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        raise BenchError(f"{name} did not end in {timeout} s") from expired
    finally:
        end(tool)
    if tool.returncode:
        raise BenchError(f"{name} failed with {tool.returncode}")
    return json.loads(output.strip().splitlines()[-1])


def end(tool):
    if tool.poll() is None:
        tool.kill()
        tool.wait()


def processors():
    """Which processors the servers get, and which the load: apart when there are two, else the same."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        return None, None
    return {available[0]}, set(available[1:])
