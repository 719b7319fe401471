"""Open WebUI's API as far as the seeder uses it, in memory: what is made is there, and a stranger gets 401."""

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Double:
    def __init__(self):
        self.config = {
            "ENABLE_OPENAI_API": False, "OPENAI_API_BASE_URLS": [""], "OPENAI_API_KEYS": [""],
            "OPENAI_API_CONFIGS": {},
        }
        self.groups, self.members, self.tools, self.functions = [], {}, {}, {}
        self.valves, self.models, self.prompts = {}, {}, []
        self.users = [{"id": "u1", "role": "admin"}, {"id": "u2", "role": "user"}]
        self.writes = []

    def answer(self, method, path, query, body):
        """What it answers; `None` for what is not there."""
        if method == "POST" and not path.endswith(("/signin", "/users")):
            self.writes.append(path)
        steps = path.strip("/").split("/")
        match [method, *steps]:
            case ["GET", "health"]:
                return {"status": True}
            case ["POST", "api", "v1", "auths", "signin"]:
                return {"token": "t"} if body["password"] == "right" else None
            case ["GET", "openai", "config"]:
                return self.config
            case ["POST", "openai", "config", "update"]:
                self.config = body
                return body
            case ["GET", "api", "v1", "users", "all"]:
                return {"users": self.users}
            case ["GET", "api", "v1", "groups"]:
                return self.groups
            case ["POST", "api", "v1", "groups", "create"]:
                self.groups.append({"id": "g1", "name": body["name"]})
                return self.groups[-1]
            case ["POST", "api", "v1", "groups", "id", group, "users"]:
                return [{"id": user} for user in self.members.get(group, [])]
            case ["POST", "api", "v1", "groups", "id", group, "users", "add"]:
                self.members.setdefault(group, []).extend(body["user_ids"])
                return {}
            case [_, "api", "v1", ("tools" | "functions") as kind, *rest]:
                return self.plugin(getattr(self, kind), rest, body)
            case ["GET", "api", "v1", "models", "model"]:
                return self.models.get(query["id"])
            case ["POST", "api", "v1", "models", "create"]:
                self.models[body["id"]] = body
                return body
            case ["GET", "api", "v1", "prompts"]:
                return self.prompts
            case ["POST", "api", "v1", "prompts", "create"]:
                self.prompts.append(body)
                return body

    def plugin(self, known, rest, body):
        match rest:
            case ["create"]:
                known[body["id"]] = {"active": False, "global": False, **body}
                return body
            case ["id", name]:
                return known.get(name)
            case ["id", name, "update"]:
                known[name].update(body)
                return known[name]
            case ["id", name, "toggle"]:
                known[name]["active"] = not known[name]["active"]
                return known[name]
            case ["id", name, "toggle", "global"]:
                known[name]["global"] = not known[name]["global"]
                return known[name]
            case ["id", name, "valves"]:
                return self.valves.get(name)
            case ["id", name, "valves", "update"]:
                self.valves[name] = body
                return body


def serve(double):
    """Its address, and what ends it."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self):
            url = urllib.parse.urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            known = self.headers.get("Authorization") == "Bearer t"
            found = None
            if known or url.path in ("/health", "/api/v1/auths/signin"):
                query = dict(urllib.parse.parse_qsl(url.query))
                found = double.answer(self.command, url.path, query, body)
            text = json.dumps({"detail": "not for you"} if found is None else found).encode()
            self.send_response(401 if found is None else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def end():
        server.shutdown()
        server.server_close()

    return f"http://127.0.0.1:{server.server_port}", end
