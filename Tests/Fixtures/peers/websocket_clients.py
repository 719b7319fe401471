"""Two foreign WebSocket clients against the server on the given port: /ws echoes. Prints one line per check."""

import asyncio
import sys

import aiohttp
import websockets

URL = f"ws://127.0.0.1:{sys.argv[1]}/ws"
TEXTS = ["", "hello", "ö漢😀" * 1000, "x" * 65536, "y" * 300_000]
BINARIES = [b"", bytes(range(256)), b"\xff" * 70_000]


def check(name, condition):
    print("ok" if condition else "FAILED", name, flush=True)


async def with_websockets():
    async with websockets.connect(URL, open_timeout=60, subprotocols=["other", "echo"]) as socket:
        check("websockets: subprotocol", socket.subprotocol == "echo")
        check("websockets: no extension", not socket.protocol.extensions)
        for text in TEXTS + BINARIES:
            await socket.send(text)
            check(f"websockets: echo {len(text)}", await socket.recv() == text)
        await socket.send(["frag", "ment", "ed"])
        check("websockets: fragments", await socket.recv() == "fragmented")
        pong = await socket.ping(b"are you there")
        await asyncio.wait_for(pong, 60)
        check("websockets: ping", True)
        await asyncio.gather(*(socket.send(str(number)) for number in range(1000)))
        got = [await socket.recv() for _ in range(1000)]
        check("websockets: a thousand in order", got == [str(number) for number in range(1000)])
    check("websockets: closed with 1000", socket.close_code == 1000)

    async with websockets.connect(URL, open_timeout=60, max_size=None) as socket:
        try:
            await socket.send(b"x" * 3_000_000)
            await socket.recv()
            check("websockets: too big", False)
        except websockets.ConnectionClosed as end:
            check(f"websockets: too big is {end.rcvd and end.rcvd.code}", bool(end.rcvd) and end.rcvd.code == 1009)

    try:
        await websockets.connect(URL, open_timeout=60, origin="https://evil.example")
        check("websockets: foreign origin", False)
    except websockets.InvalidStatus as refusal:
        check("websockets: foreign origin", refusal.response.status_code == 403)


async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(URL, protocols=["echo"], compress=15) as socket:
            check("aiohttp: subprotocol", socket.protocol == "echo")
            check("aiohttp: no compression", not socket.compress)
            for text in TEXTS:
                await socket.send_str(text)
                check(f"aiohttp: text {len(text)}", await socket.receive_str() == text)
            for data in BINARIES:
                await socket.send_bytes(data)
                check(f"aiohttp: binary {len(data)}", await socket.receive_bytes() == data)
            await socket.ping(b"x")
            await socket.close(code=4001, message=b"done")
            check("aiohttp: close code comes back", socket.close_code == 4001)


async def main():
    await asyncio.wait_for(with_websockets(), 100)
    await asyncio.wait_for(with_aiohttp(), 60)
    print("end", flush=True)


asyncio.run(main())
