"""The parts of Open WebUI that Perigee needs. Each function makes one sure, and says what it did."""

import json
import pathlib
import re
import urllib.parse

from openwebui import Failure

HERE = pathlib.Path(__file__).resolve().parent

# What Perigee is told with each request, beside the user that Open WebUI names by itself.
HEADERS = {
    "X-OpenWebUI-Chat-Id": "{{CHAT_ID}}",
    "X-OpenWebUI-Message-Id": "{{MESSAGE_ID}}",
    "X-OpenWebUI-User-Message-Id": "{{USER_MESSAGE_ID}}",
    "X-OpenWebUI-User-Message-Parent-Id": "{{USER_MESSAGE_PARENT_ID}}",
    "X-OpenWebUI-Task": "{{TASK}}",
    "X-OpenWebUI-Model-Id": "{{MODEL_ID}}",
}
GROUP = "perigee_admins"
BASES = {
    "build": ("Build", "Writes code, changes files and runs commands."),
    "plan": ("Plan", "Reads and explains, works out how something can be done, and changes nothing."),
}
PERSONAS = json.loads((HERE / "personas.json").read_text())
PROMPT = json.loads((HERE / "prompt.json").read_text())


def everybody():
    return [{"principal_type": "user", "principal_id": "*", "permission": "read"}]


def members(group):
    return [{"principal_type": "group", "principal_id": group, "permission": "read"}] if group else []


def grants_of(thing):
    return {(grant["principal_type"], grant["principal_id"], grant["permission"]) for grant in thing or []}


def connection(client, address, key, prefix):
    """Found by its address. Settings that are not ours stay. Tells the prefix of its models, too."""
    address = address.rstrip("/")
    config = client.get("/openai/config")
    urls, keys = list(config["OPENAI_API_BASE_URLS"]), list(config["OPENAI_API_KEYS"])
    configs = dict(config["OPENAI_API_CONFIGS"])
    keys += [""] * (len(urls) - len(keys))
    outcome = "updated"
    if address in [url.rstrip("/") for url in urls]:
        place = [url.rstrip("/") for url in urls].index(address)
    else:
        outcome = "created"
        # An address that is empty is what Open WebUI has when nobody has set one.
        place = urls.index("") if "" in urls else len(urls)
        urls[place : place + 1], keys[place : place + 1] = [address], [key]
    number = str(place)
    settings = dict(configs.get(number) or {"enable": True, "connection_type": "external", "auth_type": "bearer"})
    settings["headers"] = {**(settings.get("headers") or {}), **HEADERS}
    if prefix is not None:
        settings["prefix_id"] = prefix
    prefix, what = settings.get("prefix_id") or "", f"connection {address}"
    if not keys[place] and not key:
        raise Failure("the connection has no key yet", "set PERIGEE_KEY; `perigee key create` makes one")
    keys[place] = key or keys[place]
    wanted = {
        "ENABLE_OPENAI_API": True, "OPENAI_API_BASE_URLS": urls, "OPENAI_API_KEYS": keys,
        "OPENAI_API_CONFIGS": {**configs, number: settings},
    }
    if all(config.get(name) == value for name, value in wanted.items()):
        return prefix, (what, "unchanged")
    client.post("/openai/config/update", wanted)
    return prefix, (what, outcome)


def admin_group(client):
    """All administrators are its members. Those who are no longer stay: groups are for people to tidy up."""
    group = next((group for group in client.get("/api/v1/groups/") if group["name"] == GROUP), None)
    outcome = "unchanged" if group else "created"
    if not group:
        group = client.post(
            "/api/v1/groups/create", {"name": GROUP, "description": "Who may set the provider keys of everybody."}
        )
    if not group:
        return None, (f"group {GROUP}", outcome)
    there = {user["id"] for user in client.request("POST", f"/api/v1/groups/id/{group['id']}/users", {})}
    admins = [user["id"] for user in client.get("/api/v1/users/all")["users"] if user["role"] == "admin"]
    missing = [user for user in admins if user not in there]
    if missing:
        client.post(f"/api/v1/groups/id/{group['id']}/users/add", {"user_ids": missing})
        outcome = "created" if outcome == "created" else "updated"
    return group["id"], (f"group {GROUP}", outcome)


def source(name):
    """A Python file of ours, with the title and the description that stand at its top."""
    text = (HERE / f"{name}.py").read_text()
    title, description = (re.search(rf"^{field}: (.+)$", text, re.M).group(1) for field in ("title", "description"))
    return {"id": name, "name": title, "content": text, "meta": {"description": description}}


def tool(client, name, grants):
    wanted = {**source(name), "access_grants": grants}
    found = client.find(f"/api/v1/tools/id/{name}")
    if not found:
        client.post("/api/v1/tools/create", wanted)
        return f"tool {name}", "created"
    if found["content"] == wanted["content"] and grants_of(found.get("access_grants")) >= grants_of(grants):
        return f"tool {name}", "unchanged"
    # Who an administrator let in besides stays in.
    have = [grant for grant in found.get("access_grants") or [] if grants_of([grant]) - grants_of(grants)]
    known = ("principal_type", "principal_id", "permission")
    wanted["access_grants"] = grants + [{field: grant[field] for field in known} for grant in have]
    client.post(f"/api/v1/tools/id/{name}/update", wanted)
    return f"tool {name}", "updated"


def filter_function(client, name, secret):
    """Switched on for all models when it is made; an administrator who switches it off is not overruled."""
    wanted = source(name)
    place = f"/api/v1/functions/id/{name}"
    found, outcome = client.find(place), "unchanged"
    if not found:
        outcome = "created"
        client.post("/api/v1/functions/create", wanted)
        client.post(f"{place}/toggle")
        client.post(f"{place}/toggle/global")
    elif found["content"] != wanted["content"]:
        outcome = "updated"
        client.post(f"{place}/update", wanted)
    valves = (client.find(f"{place}/valves") or {}) if found else {}
    if secret and valves.get("secret") != secret:
        outcome = outcome if outcome == "created" else "updated"
        client.post(f"{place}/valves/update", {**valves, "secret": secret})
    return f"filter {name}", outcome


def models(prefix):
    """The two plain models, so that users other than administrators see them, and one for each persona."""
    before = f"{prefix}." if prefix else ""
    for name, (title, description) in BASES.items():
        yield {
            "id": f"{before}open-persona/{name}", "base_model_id": None, "name": title, "params": {},
            "meta": {
                "description": description,
                "capabilities": {"vision": True, "usage": True, "builtin_tools": True},
            },
        }
    for persona in PERSONAS:
        meta = persona["open_persona"]
        yield {
            "id": persona["id"], "base_model_id": f"{before}open-persona/build", "name": persona["name"],
            # Twice, for two ways: the filter reads it here, and the parameter goes without a filter.
            "meta": {
                "description": persona["description"], "open_persona": meta,
                "capabilities": {"vision": True, "usage": True, "builtin_tools": True},
            },
            "params": {"custom_params": {"open_persona": json.dumps(meta)}},
        }


def model(client, wanted, grants):
    """Made once, and then its owner's: what they changed stays."""
    found = client.find("/api/v1/models/model?id=" + urllib.parse.quote(wanted["id"], safe=""))
    if found:
        return f"model {wanted['id']}", "unchanged"
    client.post("/api/v1/models/create", {**wanted, "access_grants": grants})
    return f"model {wanted['id']}", "created"


def prompt(client, grants):
    """Made once, and then its owner's."""
    what = f"prompt /{PROMPT['command']}"
    if any(known["command"].lstrip("/") == PROMPT["command"] for known in client.get("/api/v1/prompts/")):
        return what, "unchanged"
    client.post("/api/v1/prompts/create", {**PROMPT, "access_grants": grants})
    return what, "created"
