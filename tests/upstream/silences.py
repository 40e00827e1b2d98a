"""The faults that are the same whatever a server speaks: it resets the connection, or says no more."""

from __future__ import annotations

import asyncio

from aiohttp import web

FOREVER = 3600.0


class Silences:
    """Methods of a class of faults. Its own are how an answer is begun and what it says."""

    request: web.Request

    async def _start(self) -> web.StreamResponse:
        raise NotImplementedError

    async def _say(self, response: web.StreamResponse) -> None:
        raise NotImplementedError

    def _abort(self) -> None:
        if self.request.transport is not None:
            self.request.transport.abort()

    async def reset(self) -> web.StreamResponse:
        """The connection is reset before a byte."""
        self._abort()
        raise asyncio.CancelledError

    async def hang(self) -> web.StreamResponse:
        """Not a byte, ever."""
        await asyncio.sleep(FOREVER)
        raise web.HTTPNoContent

    async def hang_after_headers(self) -> web.StreamResponse:
        """Headers, then nothing."""
        response = await self._start()
        await asyncio.sleep(FOREVER)
        return response

    async def hang_midway(self) -> web.StreamResponse:
        """`tokens` tokens, then nothing."""
        response = await self._start()
        await self._say(response)
        await asyncio.sleep(FOREVER)
        return response
