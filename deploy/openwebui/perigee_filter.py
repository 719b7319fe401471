"""
title: Perigee
description: Tells Perigee which model of the workspace a chat uses, and the user's own keys.
version: 1.1.0
"""

# Open WebUI sends a provider neither the id of a workspace model nor what its owner attached to it, and nothing of what a
# user set. This filter puts both into one field of the body, `x_perigee`, signed, so that Perigee can tell it from what
# anybody may write there. It runs for turns only, never for titles, tags and the like.

import hashlib
import hmac
import inspect
import json
import time

from pydantic import BaseModel, Field

PROVIDERS = ("openai", "anthropic", "openrouter")
LONGEST_KEY = 4096


def usable(value):
    """A key without what would end a header line; none if it could not be one."""
    key = str(value or "").replace("\r", "").replace("\n", "").strip()
    return key if key.isascii() and key.isprintable() and len(key) <= LONGEST_KEY else ""


def chosen_keys(*sources):
    """For each provider the first key that there is, the sources in the order of their right to say so."""
    keys = {}
    for provider in PROVIDERS:
        found = (usable((source or {}).get(f"{provider}_api_key")) for source in sources)
        key = next((key for key in found if key), "")
        if key:
            keys[provider] = key
    return keys


def signed(secret, content):
    """Text and signature: the very bytes are signed, so that nobody has to agree on how JSON is written."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if not secret:
        return {"signed": text, "signature": ""}
    return {"signed": text, "signature": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


async def settled(value):
    """Open WebUI made its tables asynchronous at some point; both kinds work."""
    return await value if inspect.isawaitable(value) else value


async def provider_keys(valves, user_id):
    """The user's own keys before those of everybody."""
    from open_webui.models.tools import Tools

    own, rules = {}, await settled(Tools.get_tool_valves_by_id(valves.keys_tool)) or {}
    if rules.get("users_may_give_keys", True):
        own = await settled(Tools.get_user_valves_by_id_and_user_id(valves.keys_tool, user_id))
    everybody = await settled(Tools.get_tool_valves_by_id(valves.defaults_tool))
    return chosen_keys(own, everybody)


async def integration_keys(valves, user_id):
    """The user's own keys for integrations: the field `some_api_key` is the key SOME_API_KEY."""
    from open_webui.models.tools import Tools

    own = await settled(Tools.get_user_valves_by_id_and_user_id(valves.integration_keys_tool, user_id)) or {}
    found = {name.upper(): usable(value) for name, value in own.items()}
    return {name: key for name, key in found.items() if key}


class Filter:
    class Valves(BaseModel):
        secret: str = Field(
            default="",
            description="The same text as PERIGEE_FILTER_SECRET of Perigee. Without it nothing is signed, and no key is sent.",
            json_schema_extra={"input": {"type": "password"}},
        )
        send_keys: bool = Field(default=True, description="Send the users' keys, of providers and of integrations.")
        models: str = Field(
            default="open-persona/",
            description="Only for models that stand on one with this in its name, or one of these between commas.",
        )
        keys_tool: str = Field(default="perigee_provider_keys", description="The tool with the users' keys.")
        defaults_tool: str = Field(default="perigee_provider_defaults", description="The tool with everybody's keys.")
        integration_keys_tool: str = Field(
            default="perigee_integration_keys", description="The tool with the users' keys for integrations."
        )
        priority: int = Field(default=0, description="Filters with a higher one run later.")

    def __init__(self):
        self.valves = self.Valves()

    def concerns(self, model):
        """Whether it stands on a model of Perigee's. Its own name says nothing: anybody may give it any, and keys must
        not reach other providers."""
        base = (model.get("info") or {}).get("base_model_id") or model.get("id") or ""
        parts = [part.strip() for part in self.valves.models.split(",") if part.strip()]
        return any(part in base for part in parts)

    async def inlet(self, body, __user__=None, __model__=None, __chat_id__=None, __message_id__=None):
        body.pop("x_perigee", None)
        user, model = __user__ or {}, __model__ or {}
        if not self.concerns(model):
            return body

        meta = (model.get("info") or {}).get("meta") or {}
        content = {
            "at": int(time.time()),
            "user": {name: user.get(name) for name in ("id", "email", "name", "role")},
            "model_id": model.get("id"),
            "meta": meta.get("open_persona") or {},
            "chat_id": __chat_id__,
            "message_id": __message_id__,
        }
        if self.valves.send_keys and self.valves.secret and user.get("id"):
            content["keys"] = await provider_keys(self.valves, user["id"])
            content["integration_keys"] = await integration_keys(self.valves, user["id"])
        body["x_perigee"] = signed(self.valves.secret, content)
        return body
