"""Programs that a measurement starts: pinned, watched through /proc, and ended with it."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class BenchError(Exception):
    """What could not be measured, and why."""


def free_port():
    """A port from the kernel. Somebody else could take it before it is used: then the start fails and says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cpus):
    """Runs in the child: a session of its own, so that only what we started is ended, on the given processors.

    Should the script be killed, its children get a signal from the kernel.
    """

    def prepare():
        os.setsid()
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if cpus:
            os.sched_setaffinity(0, cpus)

    return prepare


class Program:
    """A server. Use it with `with`: it is ready inside, and gone, with its children, behind."""

    def __init__(self, name, command, cpus=None, env=None, port=None):
        self.name = name
        self.command = [str(part).replace("{port}", str(port)) for part in command]
        self.cpus = cpus
        self.env = {**os.environ, **(env or {})}
        self.port = port
        self.process = None
        self.output = []

    def __enter__(self):
        try:
            self.process = subprocess.Popen(
                self.command, preexec_fn=pinned(self.cpus), env=self.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        except OSError as error:
            raise BenchError(f"{self.name} does not start: {error}") from error
        self.said_port = threading.Event()
        threading.Thread(target=self._read_output, daemon=True).start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process, self.process = self.process, None
        if process is None:
            return
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                pass
            try:
                process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue

    def _read_output(self):
        for line in self.process.stdout:
            self.output = (self.output + [line.rstrip()])[-20:]
            found = re.search(r"(?:127\.0\.0\.1|localhost):(\d+)", line)
            if found and self.port is None:
                self.port = int(found.group(1))
                self.said_port.set()

    def _wait_until_ready(self):
        process = self.process
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if process.poll() is not None:
                time.sleep(0.1)
                raise BenchError(f"{self.name} ended at once: {' / '.join(self.output) or process.returncode}")
            if self.port is None:
                self.said_port.wait(0.05)
                continue
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise BenchError(f"{self.name} does not listen: {' / '.join(self.output)}")

    def pids(self):
        """The process and all its descendants."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as children:
                        queue.extend(int(child) for child in children.read().split())
            except OSError:
                continue
        return found

    def cpu_seconds(self):
        """User and system time of all of it, to 10 ms, as /proc counts."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                continue
        return total / TICK

    def memory(self):
        """Resident bytes of all of it; pages that master and worker share count once."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
            except OSError:
                continue
        return total

    def resident(self):
        """VmRSS of the first process, the figure that `ps` shows."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
