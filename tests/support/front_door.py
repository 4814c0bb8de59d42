"""A load balancer as one stands before replicas: asks /ready, and tries another where one does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

_LOOK_EVERY_S = 0.1
_READY_TIMEOUT = ClientTimeout(total=1)
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "host"}
_TRIES_S = 5.0


@asynccontextmanager
async def front_door(port: int, replicas: Callable[[], Sequence[str]]) -> AsyncIterator[str]:
    """One address for all replicas; 503 where none takes the call."""
    async with ClientSession(connector=TCPConnector(force_close=True)) as client:
        door = _Door(client, replicas)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", door.pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        looking = asyncio.create_task(door.keep_looking())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            looking.cancel()
            await runner.cleanup()


class _Door:
    def __init__(self, client: ClientSession, replicas: Callable[[], Sequence[str]]) -> None:
        self._client = client
        self._replicas = replicas
        self._ready: list[str] = []

    async def keep_looking(self) -> None:
        while True:
            urls = list(self._replicas())
            answers = await asyncio.gather(*map(self._is_ready, urls))
            self._ready = [url for url, is_ready in zip(urls, answers, strict=True) if is_ready]
            await asyncio.sleep(_LOOK_EVERY_S)

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        deadline = asyncio.get_running_loop().time() + _TRIES_S
        while asyncio.get_running_loop().time() < deadline:
            for url in list(self._ready):
                try:
                    return await self._asked(request, url, body)
                except ClientError:
                    continue  # it was not delivered, or may be repeated: saves, looks, lookups and leases
            await asyncio.sleep(_LOOK_EVERY_S)
        return web.Response(status=503)

    async def _asked(self, request: web.Request, url: str, body: bytes) -> web.Response:
        headers = {name: text for name, text in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._client.request(
            request.method, url + request.path_qs, data=body, headers=headers
        ) as answer:
            told = {name: text for name, text in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=told)

    async def _is_ready(self, url: str) -> bool:
        try:
            async with self._client.get(f"{url}/ready", timeout=_READY_TIMEOUT) as answer:
                return answer.status == 200
        except (ClientError, TimeoutError):
            return False
