"""
title: Provider keys of everybody
description: Keys that are used for users without a key of their own. Settings only, for administrators.
version: 1.0.0
"""

from pydantic import BaseModel, Field

SECRET = {"input": {"type": "password"}}


class Tools:
    """Has settings and no functions. The filter function `perigee_filter` reads them and sends them to Perigee."""

    class Valves(BaseModel):
        openai_api_key: str = Field(default="", description="A key for OpenAI.", json_schema_extra=SECRET)
        anthropic_api_key: str = Field(default="", description="A key for Anthropic.", json_schema_extra=SECRET)
        openrouter_api_key: str = Field(default="", description="A key for OpenRouter.", json_schema_extra=SECRET)

    def __init__(self):
        self.valves = self.Valves()
