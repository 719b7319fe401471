"""The seeder as an administrator runs it: a program, twice and more, against a double of Open WebUI."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from double import Double, serve

SEED = pathlib.Path(__file__).parents[3] / "deploy/openwebui/seed.py"
PERIGEE = "http://perigee:8000/v1"


class Seeding(unittest.TestCase):
    def setUp(self):
        self.webui = Double()
        self.address, end = serve(self.webui)
        self.addCleanup(end)

    def seed(self, *arguments, **environment):
        given = {
            "OPENWEBUI_URL": self.address, "OPENWEBUI_TOKEN": "t", "PERIGEE_URL": PERIGEE, "PERIGEE_KEY": "pk_1",
            "PERIGEE_FILTER_SECRET": "s", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment,
        }
        given = {name: value for name, value in given.items() if value is not None}
        return subprocess.run([sys.executable, SEED, *arguments], env=given, capture_output=True, text=True)

    def seeded(self, *arguments, **environment):
        result = self.seed(*arguments, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {line[11:]: line[:10].strip() for line in result.stdout.splitlines()}

    def test_makes_everything_once(self):
        self.assertEqual(set(self.seeded().values()), {"created"})
        self.webui.writes.clear()
        self.assertEqual(set(self.seeded().values()), {"unchanged"})
        self.assertEqual(self.webui.writes, [])

    def test_connects(self):
        self.seeded()
        config = self.webui.config
        self.assertEqual(config["OPENAI_API_BASE_URLS"], [PERIGEE])
        self.assertEqual(config["OPENAI_API_KEYS"], ["pk_1"])
        self.assertTrue(config["ENABLE_OPENAI_API"])
        headers = config["OPENAI_API_CONFIGS"]["0"]["headers"]
        self.assertEqual(headers["X-OpenWebUI-Task"], "{{TASK}}")
        self.assertEqual(headers["X-OpenWebUI-Model-Id"], "{{MODEL_ID}}")

    def test_leaves_other_connections_and_settings_alone(self):
        self.webui.config.update(
            OPENAI_API_BASE_URLS=["https://other/v1", PERIGEE + "/"], OPENAI_API_KEYS=["sk-other"],
            OPENAI_API_CONFIGS={"0": {"enable": False}, "1": {"prefix_id": "oc", "headers": {"X-Mine": "1"}}},
        )
        self.assertEqual(self.seeded()["connection " + PERIGEE], "updated")
        config = self.webui.config
        self.assertEqual(config["OPENAI_API_KEYS"], ["sk-other", "pk_1"])
        self.assertEqual(config["OPENAI_API_CONFIGS"]["0"], {"enable": False})
        self.assertEqual(config["OPENAI_API_CONFIGS"]["1"]["headers"]["X-Mine"], "1")
        self.assertEqual(self.webui.models["izzy"]["base_model_id"], "oc.open-persona/build")

    def test_keeps_the_key_that_is_there(self):
        self.seeded()
        self.assertEqual(self.seeded(PERIGEE_KEY=None)["connection " + PERIGEE], "unchanged")
        self.assertEqual(self.webui.config["OPENAI_API_KEYS"], ["pk_1"])

    def test_lets_everybody_give_keys_and_administrators_those_of_all(self):
        self.seeded()
        grants = {name: tool["access_grants"][0]["principal_id"] for name, tool in self.webui.tools.items()}
        self.assertEqual(
            grants, {"perigee_provider_keys": "*", "perigee_integration_keys": "*", "perigee_provider_defaults": "g1"}
        )
        self.assertEqual(self.webui.members["g1"], ["u1"])

    def test_adds_new_administrators(self):
        self.seeded()
        self.webui.users[1]["role"] = "admin"
        self.assertEqual(self.seeded()["group perigee_admins"], "updated")
        self.assertEqual(self.webui.members["g1"], ["u1", "u2"])

    def test_switches_the_filter_on_once(self):
        self.seeded()
        function = self.webui.functions["perigee_filter"]
        self.assertTrue(function["active"] and function["global"])
        self.assertEqual(self.webui.valves["perigee_filter"], {"secret": "s"})
        function.update(active=False, content="old")
        self.webui.valves["perigee_filter"]["send_keys"] = False
        self.assertEqual(self.seeded(PERIGEE_FILTER_SECRET="t")["filter perigee_filter"], "updated")
        self.assertFalse(function["active"])
        self.assertIn("class Filter", function["content"])
        self.assertEqual(self.webui.valves["perigee_filter"], {"secret": "t", "send_keys": False})

    def test_gives_personas_both_carriers(self):
        self.seeded()
        for persona in json.loads((SEED.parent / "personas.json").read_text()):
            model = self.webui.models[persona["id"]]
            self.assertEqual(model["meta"]["open_persona"], persona["open_persona"])
            self.assertEqual(json.loads(model["params"]["custom_params"]["open_persona"]), persona["open_persona"])

    def test_leaves_models_to_their_owners(self):
        self.seeded()
        self.webui.models["izzy"]["name"] = "Our Izzy"
        self.assertEqual(self.seeded()["model izzy"], "unchanged")
        self.assertEqual(self.webui.models["izzy"]["name"], "Our Izzy")

    def test_writes_nothing_when_it_only_checks(self):
        result = self.seed("--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("created", result.stdout)
        self.assertEqual(self.webui.writes, [])
        self.seeded()
        self.assertEqual(self.seed("--check").returncode, 0)

    def test_says_what_is_wrong_and_shows_no_secret(self):
        for environment, words in [
            ({"OPENWEBUI_TOKEN": "bad"}, "no administrator"),
            ({"OPENWEBUI_TOKEN": None}, "OPENWEBUI_TOKEN"),
            ({"OPENWEBUI_TOKEN": None, "OPENWEBUI_EMAIL": "a", "OPENWEBUI_PASSWORD": "wr0ng"}, "signin"),
            ({"PERIGEE_KEY": None}, "PERIGEE_KEY"),
            ({"OPENWEBUI_URL": "http://127.0.0.1:1"}, "is it running"),
        ]:
            result = self.seed(**environment)
            self.assertEqual(result.returncode, 2, environment)
            self.assertIn(words, result.stderr)
            self.assertNotIn("wr0ng", result.stderr + result.stdout)
            self.assertNotIn("Traceback", result.stderr)

    def test_signs_in_with_a_password(self):
        self.seeded(OPENWEBUI_TOKEN=None, OPENWEBUI_EMAIL="a", OPENWEBUI_PASSWORD="right")


if __name__ == "__main__":
    unittest.main()
