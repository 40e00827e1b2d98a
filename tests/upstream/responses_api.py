"""The Responses API of the faulty upstream: what it says in chat completions, told as response events.

A write that holds whole chunks is told anew; whatever is no chunk (half an event, garbage, a comment) passes as it is.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

PATH = "/responses"


class ResponseStream(web.StreamResponse):
    """Takes chunks of a chat completion and sends events of a response."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.sequence = 0
        self.said = ""
        self.finished = False

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send what those chunks say; the first write is preceded by the response's beginning."""
        head = b"" if self.sequence else self._created()
        blocks = bytes(data).split(b"\n\n")
        told = b"".join(map(self._told, blocks[:-1])) + blocks[-1]
        if head or told:
            await super().write(head + told)

    async def write_eof(self, data: bytes = b"") -> None:
        """A finished answer whose usage never came ends all the same."""
        if self.finished:
            await super().write(self._completed(None))
        await super().write_eof(data)

    def _told(self, block: bytes) -> bytes:
        try:
            chunk = json.loads(block.removeprefix(b"data: "))
        except ValueError:
            if block == b"data: [DONE]" and self.finished:
                return self._completed(None)
            return block + b"\n\n"
        if "error" in chunk:
            return self._event("error", error=chunk["error"])
        if not chunk.get("choices"):
            return self._completed(chunk["usage"])
        choice = chunk["choices"][0]
        self.finished = self.finished or bool(choice["finish_reason"])
        text = choice["delta"].get("content")
        if not text:
            return b""
        self.said += text
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        return self._event("response.output_text.delta", **where, delta=text)

    def _created(self) -> bytes:
        item = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        return (
            self._event("response.created", response=self._response("in_progress"))
            + self._event("response.in_progress", response=self._response("in_progress"))
            + self._event("response.output_item.added", output_index=0, item=item)
        )

    def _completed(self, usage: dict[str, int] | None) -> bytes:
        self.finished = False
        part = {"type": "output_text", "text": self.said, "annotations": []}
        item = {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }
        response = {**self._response("completed"), "output": [item]}
        if usage:
            tokens_in, tokens_out = usage["prompt_tokens"], usage["completion_tokens"]
            response["usage"] = {
                "input_tokens": tokens_in,
                "output_tokens": tokens_out,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": tokens_in + tokens_out,
            }
        return self._event("response.output_item.done", output_index=0, item=item) + self._event(
            "response.completed", response=response
        )

    def _response(self, status: str) -> dict[str, Any]:
        head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "faulty", "status": status}
        return {**head, "error": None, "incomplete_details": None, "output": [], "usage": None}

    def _event(self, kind: str, **fields: Any) -> bytes:
        said = {"type": kind, "sequence_number": self.sequence, **fields}
        self.sequence += 1
        return f"event: {kind}\ndata: {json.dumps(said)}\n\n".encode()


def stream_for(request: web.Request) -> type[web.StreamResponse]:
    """What tells the answer to this request, by the end of its path."""
    return ResponseStream if request.path.endswith(PATH) else web.StreamResponse
