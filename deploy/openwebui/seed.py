#!/usr/bin/env python3
"""Sets up Open WebUI for Perigee, through Open WebUI's own HTTP API. Run it as often as you like.

It makes what is missing, brings its own parts up to date, and leaves alone what an administrator has made or changed:
the connection with its headers, a group of administrators, the filter, three tools with settings, a model for each
persona, a saved prompt. Python's standard library is all it needs.

Secrets come from the environment, never from the command line:
  OPENWEBUI_TOKEN        an administrator's API key or session token
  or OPENWEBUI_EMAIL and OPENWEBUI_PASSWORD
  PERIGEE_KEY            a key of Perigee with the scopes chat and speak-for
  PERIGEE_FILTER_SECRET  optional: signs what the filter sends
"""

import argparse
import os
import sys
import time

from openwebui import Failure, OpenWebUI
import parts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting = os.environ.get
    parser.add_argument("--openwebui", metavar="URL", default=setting("OPENWEBUI_URL", "http://127.0.0.1:8080"))
    parser.add_argument(
        "--perigee", metavar="URL", default=setting("PERIGEE_URL", "http://127.0.0.1:8000/v1"),
        help="Perigee's address as Open WebUI reaches it, with /v1",
    )
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=0, help="how long to wait for Open WebUI")
    parser.add_argument("--check", action="store_true", help="only say what would be done; exit 1 if there is something")
    parser.add_argument("--prefix", help="what the connection puts before model names, without the dot")
    parser.add_argument("--admins-only", action="store_true", help="do not let all users see the models")
    parser.add_argument("--no-filter", action="store_true", help="leave out the filter and the tools with keys")
    parser.add_argument("--no-models", action="store_true", help="leave out models and the prompt")
    return parser.parse_args()


def sign_in(client):
    token = os.environ.get("OPENWEBUI_TOKEN")
    if token:
        client.token = token
    elif os.environ.get("OPENWEBUI_EMAIL") and os.environ.get("OPENWEBUI_PASSWORD"):
        client.sign_in(os.environ["OPENWEBUI_EMAIL"], os.environ["OPENWEBUI_PASSWORD"])
    else:
        raise Failure("no sign-in is given", "set OPENWEBUI_TOKEN, or OPENWEBUI_EMAIL and OPENWEBUI_PASSWORD")
    # Only administrators may read this; whether a token is good cannot be asked with an API key.
    if client.find("/openai/config") is None:
        raise Failure("Open WebUI takes this sign-in for no administrator", "use an administrator's token, not yet expired")


def seed(client, options):
    sign_in(client)
    prefix, step = parts.connection(client, options.perigee, os.environ.get("PERIGEE_KEY", ""), options.prefix)
    yield step
    group, step = parts.admin_group(client)
    yield step
    if not options.no_filter:
        yield parts.tool(client, "perigee_provider_keys", parts.everybody())
        yield parts.tool(client, "perigee_integration_keys", parts.everybody())
        yield parts.tool(client, "perigee_provider_defaults", parts.members(group))
        yield parts.filter_function(client, "perigee_filter", os.environ.get("PERIGEE_FILTER_SECRET", ""))
    if not options.no_models:
        grants = [] if options.admins_only else parts.everybody()
        for model in parts.models(prefix):
            yield parts.model(client, model, grants)
        yield parts.prompt(client, grants)


def main():
    options = arguments()
    client = OpenWebUI(options.openwebui, dry=options.check)
    try:
        client.wait(time.monotonic() + options.wait)
        steps = []
        for what, outcome in seed(client, options):
            steps.append(outcome)
            print(f"{outcome:10} {what}", flush=True)
    except Failure as failure:
        print(f"seed: {failure}", file=sys.stderr)
        return 2
    return 1 if options.check and any(outcome != "unchanged" for outcome in steps) else 0


if __name__ == "__main__":
    sys.exit(main())
