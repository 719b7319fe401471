"""
title: Provider keys
description: Your own keys for model providers. Settings only: it gives the model nothing to call.
version: 1.0.0
"""

from pydantic import BaseModel, Field

SECRET = {"input": {"type": "password"}}


class Tools:
    """Has settings and no functions. The filter function `perigee_filter` reads them and sends them to Perigee."""

    class Valves(BaseModel):
        users_may_give_keys: bool = Field(
            default=True, description="Off: only the administrator's keys are used, whatever users have entered."
        )

    class UserValves(BaseModel):
        openai_api_key: str = Field(default="", description="Your key for OpenAI.", json_schema_extra=SECRET)
        anthropic_api_key: str = Field(default="", description="Your key for Anthropic.", json_schema_extra=SECRET)
        openrouter_api_key: str = Field(default="", description="Your key for OpenRouter.", json_schema_extra=SECRET)

    def __init__(self):
        self.valves = self.Valves()
