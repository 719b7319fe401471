"""
title: Integration keys
description: Your own keys for what the agent may look things up in. Settings only: it gives the model nothing to call.
version: 1.0.0
"""

from pydantic import BaseModel, Field

SECRET = {"input": {"type": "password"}}


class Tools:
    """Has settings and no functions. The filter function `perigee_filter` reads them and sends them to Perigee: a field
    `some_api_key` is the key SOME_API_KEY of an integration. The agent never sees any of them."""

    class UserValves(BaseModel):
        instrumentl_api_key: str = Field(default="", description="Your key for Instrumentl.", json_schema_extra=SECRET)
