"""The filter, and the tools with settings, as Open WebUI loads and calls them."""

import asyncio
import hashlib
import hmac
import importlib.util
import json
import pathlib
import sys
import types
import unittest

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy/openwebui"


def stand_in_for_pydantic():
    """As much of it as settings need: fields with defaults, set by name."""

    class BaseModel:
        def __init__(self, **given):
            for name in type(self).__annotations__:
                setattr(self, name, given.get(name, getattr(type(self), name)))

    module = types.ModuleType("pydantic")
    module.BaseModel, module.Field = BaseModel, lambda default=None, **_: default
    sys.modules["pydantic"] = module


def stand_in_for_open_webui(own, rules, everybody, integrations=None):
    """The table of tools; asynchronous, as it is today."""

    class Tools:
        @staticmethod
        async def get_user_valves_by_id_and_user_id(tool, user):
            tools = {"perigee_provider_keys": own, "perigee_integration_keys": integrations}
            return tools.get(tool) if user == "u1" else None

        @staticmethod
        async def get_tool_valves_by_id(tool):
            return {"perigee_provider_keys": rules, "perigee_provider_defaults": everybody}.get(tool)

    module = types.ModuleType("open_webui.models.tools")
    module.Tools = Tools
    for name in ("open_webui", "open_webui.models"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["open_webui.models.tools"] = module


def load(name):
    spec = importlib.util.spec_from_file_location(name, DEPLOY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stand_in_for_pydantic()
USER = {"id": "u1", "email": "b@example.com", "name": "Bób", "role": "user", "valves": None}
IZZY = {
    "id": "izzy",
    "info": {
        "base_model_id": "open-persona/build",
        "meta": {"profile_image_url": "data:…", "open_persona": {"persona": {"template": "izzy"}}},
    },
}


class TheFilter(unittest.TestCase):
    def setUp(self):
        stand_in_for_open_webui({"openai_api_key": "sk-own\r\n"}, {}, {"openai_api_key": "sk-all", "anthropic_api_key": "a"})
        self.module = load("perigee_filter")
        self.filter = self.module.Filter()
        self.filter.valves.secret = "s"

    def body(self, model=IZZY, user=USER, **body):
        body = {"model": model["id"] if model else "x", "messages": [], **body}
        return asyncio.run(self.filter.inlet(body, user, model, "c1", "m1"))

    def content(self, **given):
        return json.loads(self.body(**given)["x_perigee"]["signed"])

    def test_tells_who_asks_which_model_and_where(self):
        content = self.content()
        self.assertEqual(content["user"], {"id": "u1", "email": "b@example.com", "name": "Bób", "role": "user"})
        self.assertEqual((content["model_id"], content["chat_id"], content["message_id"]), ("izzy", "c1", "m1"))

    def test_tells_of_the_model_only_what_is_meant_for_perigee(self):
        self.assertEqual(self.content()["meta"], {"persona": {"template": "izzy"}})
        self.assertEqual(self.content(model={"id": "open-persona/build"})["meta"], {})

    def test_signs_the_text_that_it_sends(self):
        sent = self.body()["x_perigee"]
        wanted = hmac.new(b"s", sent["signed"].encode(), hashlib.sha256).hexdigest()
        self.assertEqual(sent["signature"], wanted)

    def test_sends_the_users_keys_before_those_of_everybody(self):
        self.assertEqual(self.content()["keys"], {"openai": "sk-own", "anthropic": "a"})

    def test_sends_everybodys_keys_alone_where_the_administrator_says_so(self):
        stand_in_for_open_webui({"openai_api_key": "sk-own"}, {"users_may_give_keys": False}, {"openai_api_key": "sk-all"})
        self.assertEqual(self.content()["keys"], {"openai": "sk-all"})

    def test_sends_the_users_keys_for_integrations_by_their_names(self):
        given = {"instrumentl_api_key": "k\n", "other_api_key": "", "bad_api_key": "ключ"}
        stand_in_for_open_webui({}, {}, {}, given)
        self.assertEqual(self.content()["integration_keys"], {"INSTRUMENTL_API_KEY": "k"})
        stand_in_for_open_webui({}, {}, {})
        self.assertEqual(self.content()["integration_keys"], {})

    def test_sends_no_key_unsigned(self):
        self.filter.valves.secret = ""
        sent = self.body()["x_perigee"]
        self.assertEqual(sent["signature"], "")
        self.assertNotIn("keys", json.loads(sent["signed"]))
        self.assertNotIn("integration_keys", json.loads(sent["signed"]))

    def test_sends_no_key_when_that_is_off(self):
        self.filter.valves.send_keys = False
        self.assertNotIn("keys", self.content())

    def test_leaves_other_models_alone_whatever_they_are_called(self):
        disguised = {"id": "open-persona/build-2", "info": {"base_model_id": "gpt-5"}}
        self.assertNotIn("x_perigee", self.body(model=disguised))
        self.assertNotIn("x_perigee", self.body(model={"id": "gpt-5"}))
        self.assertNotIn("x_perigee", self.body(model=None))
        self.filter.valves.models = ""
        self.assertNotIn("x_perigee", self.body())

    def test_knows_models_behind_a_prefix(self):
        self.assertIn("x_perigee", self.body(model={"id": "oc.open-persona/plan"}))

    def test_lets_nobody_write_its_field(self):
        self.assertNotEqual(self.body(x_perigee={"signed": "{}"})["x_perigee"]["signed"], "{}")
        self.assertNotIn("x_perigee", self.body(model={"id": "gpt-5"}, x_perigee={"signed": "{}"}))

    def test_drops_what_can_be_no_key(self):
        for bad in ["", " ", "ключ", "a\tb", "x" * 5000, None]:
            self.assertEqual(self.module.chosen_keys({"openai_api_key": bad}), {})
        self.assertEqual(self.module.chosen_keys(None, {"openai_api_key": " k\n"}), {"openai": "k"})

    def test_works_with_tables_that_do_not_wait(self):
        tools = sys.modules["open_webui.models.tools"].Tools
        tools.get_tool_valves_by_id = staticmethod(lambda tool: {"openai_api_key": "k"})
        tools.get_user_valves_by_id_and_user_id = staticmethod(lambda tool, user: {})
        self.assertEqual(self.content()["keys"], {"openai": "k"})


class TheTools(unittest.TestCase):
    def test_give_the_model_nothing_to_call(self):
        for name in ("perigee_provider_keys", "perigee_provider_defaults", "perigee_integration_keys"):
            tools = load(name).Tools()
            functions = [name for name in dir(tools) if not name.startswith("_") and callable(getattr(tools, name))]
            self.assertLessEqual(set(functions), {"Valves", "UserValves"})

    def test_have_a_field_for_every_provider(self):
        module = load("perigee_filter")
        wanted = {f"{provider}_api_key" for provider in module.PROVIDERS}
        self.assertEqual(set(load("perigee_provider_keys").Tools.UserValves.__annotations__), wanted)
        self.assertEqual(set(load("perigee_provider_defaults").Tools.Valves.__annotations__), wanted)


if __name__ == "__main__":
    unittest.main()
