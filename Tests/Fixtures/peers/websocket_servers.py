"""Two foreign WebSocket servers that echo; prints their ports, then serves until standard input ends."""

import asyncio
import sys

import websockets
from aiohttp import WSMsgType, web


async def echo(socket):
    async for message in socket:
        if message == "close me":
            await socket.close(4002, "as you wish")
        elif message == "fragments":
            await socket.send(["in ", "three ", "parts"])
        elif message == "ping me":
            await (await socket.ping())
            await socket.send("pong came")
        elif message == "drop me":
            socket.transport.abort()
        else:
            await socket.send(message)


async def echo_aiohttp(request):
    socket = web.WebSocketResponse(protocols=["echo"])
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            if message.data == "close me":
                await socket.close(code=4002, message=b"as you wish")
            else:
                await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def main():
    first = await websockets.serve(echo, "127.0.0.1", 0, subprotocols=["echo"], max_size=None)
    application = web.Application()
    application.router.add_get("/ws", echo_aiohttp)
    runner = web.AppRunner(application)
    await runner.setup()
    second = web.TCPSite(runner, "127.0.0.1", 0)
    await second.start()
    ports = [first.sockets[0].getsockname()[1], second._server.sockets[0].getsockname()[1]]
    print(*ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    first.close()
    await runner.cleanup()


asyncio.run(main())
