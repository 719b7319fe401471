"""The official MCP client against an integration: prints `ok …` for each thing that works, and `end`."""

import asyncio
import os
import sys

import httpx2
from mcp import Client, ClientSession, MCPError
from mcp.client.streamable_http import streamable_http_client

URL = sys.argv[1]
HEADERS = {"Authorization": "Bearer " + os.environ["MCP_TOKEN"]}


async def use(client, name):
    tools = (await client.list_tools()).tools
    print("ok" if [tool.name for tool in tools] == ["buy", "hello"] else "bad", name, "list")
    print("ok" if tools[0].input_schema["required"] == ["what"] else "bad", name, "schema")
    answer = await client.call_tool("buy", {"what": "tea", "count": 2})
    good = not answer.is_error and '"bought":"tea"' in answer.content[0].text
    print("ok" if good else f"bad {answer}", name, "call")
    answer = await client.call_tool("buy", {"what": "air"})
    print("ok" if answer.is_error and "not for sale" in answer.content[0].text else f"bad {answer}", name, "refusal")
    try:
        await client.call_tool("bye", {})
        print("bad", name, "an unknown tool was called")
    except MCPError as error:
        print("ok" if error.code == -32602 else f"bad {error.code}", name, "unknown tool")


async def main():
    async with httpx2.AsyncClient(headers=HEADERS, timeout=30) as http:
        async with streamable_http_client(URL, http_client=http) as (read, write, *_):
            async with ClientSession(read, write) as session:
                begun = await session.initialize()
                print("ok" if begun.server_info.name == "perigee-shop" else "bad", "session", begun.protocol_version)
                await session.send_ping()
                await use(session, "session")
    async with httpx2.AsyncClient(headers=HEADERS, timeout=30) as http:
        async with Client(streamable_http_client(URL, http_client=http)) as client:
            await use(client, "client")
    print("end")


asyncio.run(main())
