"""The Docker Engine of the tests, for measurements: gone with them."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import socket
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "docker-engine"
IMAGE = "perigee-bench/busybox:1"


class Unavailable(Exception):
    """Why there is none here."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    def __init__(self, cpus=None):
        self.cpus = cpus
        # The path of its socket must stay short.
        self.directory = f"/tmp/perigee-bench-{os.getpid()}"
        self.socket = f"{self.directory}/docker.sock"
        self.process = None

    def __enter__(self):
        check = subprocess.run([SCRIPT, "check"], capture_output=True, text=True)
        if check.returncode:
            raise Unavailable(check.stdout.strip())
        self.process = subprocess.Popen(
            [SCRIPT, "serve", self.directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True, preexec_fn=lambda: self.cpus and os.sched_setaffinity(0, self.cpus))
        try:
            lines = [self.process.stdout.readline().strip() for _ in range(2)]
            if lines[1] != "ready":
                raise Unavailable(f"the engine did not start: {lines}")
            subprocess.run([SCRIPT, "image", self.socket, IMAGE], check=True, capture_output=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # It lives as long as its input is open.
        self.process.stdin.close()
        self.process.wait()

    def create(self, count, labels):
        """So many containers that are made and not started, each with the labels of its number."""

        def create(numbers):
            connection = _Connection(self.socket)
            for number in numbers:
                body = json.dumps({"Image": IMAGE, "Cmd": ["true"], "Labels": labels(number)})
                name = f"perigee-bench-{number}"
                connection.request(
                    "POST", f"/containers/create?name={name}", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 201:
                    raise Unavailable(f"the engine made no container {number}: {text.decode()}")

        hands = 4
        with concurrent.futures.ThreadPoolExecutor(hands) as pool:
            list(pool.map(create, [range(hand, count, hands) for hand in range(hands)]))
