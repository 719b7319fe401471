"""Open WebUI's HTTP API, as much of it as the seeder needs."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

DEADLINE = 30
LARGEST_ANSWER = 64 << 20


class Failure(Exception):
    """What failed, and what to try."""

    def __init__(self, message, hint=None, status=None):
        super().__init__(message + (f"; {hint}" if hint else ""))
        self.status = status


class OpenWebUI:
    def __init__(self, address, dry=False):
        self.address = address.rstrip("/")
        self.token = None
        # With `dry`, nothing is written.
        self.dry = dry

    def request(self, method, path, body=None):
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            self.address + path, method=method, headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                text = response.read(LARGEST_ANSWER)
        except urllib.error.HTTPError as error:
            raise Failure(f"{method} {path} answered {error.code}: {self.detail(error)}", status=error.code) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise Failure(f"{self.address} does not answer: {reason}", "is it running, and is that its address?") from None
        try:
            return json.loads(text)
        except ValueError:
            raise Failure(f"{method} {path} answered no JSON", "is that the address of Open WebUI itself?") from None

    @staticmethod
    def detail(error):
        text = error.read(4096).decode("utf-8", "replace")
        try:
            return json.loads(text)["detail"]
        except (ValueError, KeyError, TypeError):
            return text[:200] or error.reason

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        """Changes something; not in a dry run."""
        return None if self.dry else self.request("POST", path, body or {})

    def find(self, path):
        """What is there, or nothing. Open WebUI says 401 of things that are not there, too."""
        try:
            return self.get(path)
        except Failure as failure:
            if failure.status in (401, 403, 404):
                return None
            raise

    def sign_in(self, email, password):
        self.token = self.request("POST", "/api/v1/auths/signin", {"email": email, "password": password})["token"]

    def wait(self, until):
        while True:
            try:
                return self.get("/health")
            except Failure:
                if time.monotonic() >= until:
                    raise
                time.sleep(1)
