"""Every way in, in one table: what the stranger tests walk. A new endpoint or socket without a row here fails them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What of the owner's a row can name, and the same of nobody's.
NOWHERE: Mapping[str, str] = {
    "thread": "thr_" + "0" * 26,
    "turn": "trn_" + "0" * 26,
    "running": "trn_" + "1" * 26,
    "item": "msg_" + "0" * 26,
    "attachment": "atc_" + "0" * 26,
    "session": "ses_" + "0" * 32,
    "secret": "cs_" + "0" * 43,
}
_NAME = re.compile(rf"\{{({'|'.join(NOWHERE)})\}}")


@dataclass(frozen=True)
class Row:
    """One call. `by` says who may make it at all: anybody who is somebody, a backend key, staff, or who has a signed link,
    whatever their credentials. `session_id` says whether the call reads one from its query; `let_in` names those of the bad
    credentials that are good there. `key_alone` is what a backend key without a session is answered about anybody's things."""

    method: str
    path: str
    body: Any = None
    by: str = "anybody"
    session_id: bool = True
    let_in: tuple[str, ...] = ()
    ends: bool = False
    key_alone: int = 404

    def __str__(self) -> str:
        operation = f" {self.body['type']}" if self.path == "/chatkit" else ""
        return f"{self.method} {self.path}{operation}"

    @property
    def names_something(self) -> bool:
        """Whether the call is about something that belongs to somebody."""
        return bool(_NAME.search(self.path + json.dumps(self.body)))

    def about(self, things: Mapping[str, str]) -> tuple[str, str, Any]:
        """Method, path and body with the things' ids filled in."""

        def fill(text: str) -> str:
            return _NAME.sub(lambda found: things[found[1]], text)

        return self.method, fill(self.path), json.loads(fill(json.dumps(self.body)))


ASK = {"message": "/echo let me in", "thread_id": "{thread}"}
SAID = {"content": [{"type": "input_text", "text": "/echo let me in"}]}
# ChatKit's operations, and their params.
CHATKIT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("threads.create", {"input": SAID}),
    ("threads.create", {"input": {**SAID, "attachments": ["{attachment}"]}}),
    ("threads.add_user_message", {"thread_id": "{thread}", "input": SAID}),
    ("threads.add_client_tool_output", {"thread_id": "{thread}", "result": 1}),
    ("threads.add_structured_input", {"thread_id": "{thread}", "item_id": "{item}", "input": {}}),
    ("threads.retry_after_item", {"thread_id": "{thread}", "item_id": "{item}"}),
    ("threads.custom_action", {"thread_id": "{thread}", "item_id": "{item}", "action": {"type": "go"}}),
    ("threads.sync_custom_action", {"thread_id": "{thread}", "action": {"type": "go"}}),
    ("threads.get_by_id", {"thread_id": "{thread}"}),
    ("threads.list", {}),
    ("threads.update", {"thread_id": "{thread}", "title": "taken over"}),
    ("threads.delete", {"thread_id": "{thread}"}),
    ("items.list", {"thread_id": "{thread}", "after": "{item}"}),
    ("items.feedback", {"thread_id": "{thread}", "item_ids": ["{item}"], "kind": "negative"}),
    ("attachments.create", {"name": "a.txt", "size": 1, "mime_type": "text/plain"}),
    ("attachments.delete", {"attachment_id": "{attachment}"}),
    ("attachments.get_preview", {"attachment_id": "{attachment}"}),
    ("input.transcribe", {"audio_base64": "UklGRg==", "mime_type": "audio/mp4"}),
)
ROWS = (
    Row("POST", "/api/sessions", {"user_id": "x"}, by="key", session_id=False),
    Row("POST", "/sessions", {"user_id": "x"}, by="key", session_id=False),
    Row("POST", "/gpt2/sessions", {"user_id": "x"}, by="key", session_id=False),
    Row("GET", "/api/sessions/{session}", by="key", session_id=False),
    Row("GET", "/api/sessions/{secret}", by="key", session_id=False),
    Row("DELETE", "/api/sessions/{session}", by="key", session_id=False),
    Row("DELETE", "/api/sessions/{secret}", by="key", session_id=False),
    Row("GET", "/api/sessions/current"),
    Row("DELETE", "/api/sessions/current", ends=True),
    Row("POST", "/api/sessions/current/refresh", {}, ends=True),
    Row("POST", "/api/custom/session", {}, let_in=("nobody",)),
    Row("POST", "/api/auth/token", {}, session_id=False),
    Row("POST", "/api/auth/refresh", {"refresh": "x.y.z"}, session_id=False),
    Row("POST", "/api/auth/revoke", {}, session_id=False, ends=True, let_in=("refresh token",)),
    Row("POST", "/api/chatkit/session", {}),
    Row("POST", "/api/chat", ASK),
    Row("POST", "/api/chat/stream", ASK),
    Row("POST", "/api/chat/stream?events=1", ASK),
    Row("POST", "/api/custom/stream", ASK),
    Row("POST", "/chat", ASK),
    Row("POST", "/chat/stream", ASK),
    Row("POST", "/gpt2/chat", ASK),
    Row("POST", "/gpt2/chat/stream", ASK),
    Row("GET", "/api/turns/{turn}"),
    Row("GET", "/api/turns/{running}"),
    Row("GET", "/api/turns/{turn}/events"),
    Row("GET", "/api/turns/{turn}/events?after=1000000"),
    Row("GET", "/api/turns/{running}/events?after=0"),
    Row("POST", "/api/turns/{running}/cancel", {}),
    Row("POST", "/api/turns/{turn}/retry", {}),
    Row("POST", "/api/turns/{running}/retry", {}),
    Row("GET", "/api/models"),
    Row("GET", "/api/threads"),
    Row("GET", "/api/threads?q=topsecret"),
    Row("POST", "/api/threads", {"title": "my own"}),
    Row("GET", "/api/threads/{thread}"),
    Row("PATCH", "/api/threads/{thread}", {"title": "taken over"}),
    Row("DELETE", "/api/threads/{thread}"),
    Row("GET", "/api/threads/{thread}/items"),
    Row("GET", "/api/threads/{thread}/items?after={item}&order=desc"),
    Row("GET", "/api/threads/{thread}/export"),
    Row("GET", "/api/threads/{thread}/export?as=json"),
    Row("PUT", "/api/items/{item}/feedback", {"kind": "negative"}),
    Row("POST", "/api/attachments", {}),
    Row("GET", "/api/attachments/{attachment}"),
    Row("DELETE", "/api/attachments/{attachment}"),
    Row("POST", "/api/attachments/{attachment}/upload", {}, by="link", session_id=False),
    Row("PUT", "/api/attachments/{attachment}/upload?token=1900000000.x", {}, by="link", session_id=False),
    Row("GET", "/api/attachments/{attachment}/preview?token=1900000000.x", by="link", session_id=False),
    *(
        Row("POST", "/chatkit", {"type": name, "params": params}, session_id=False, key_alone=403)
        for name, params in CHATKIT
    ),
    Row("GET", "/chatkit/turns/{turn}/events", session_id=False, key_alone=403),
    Row("GET", "/chatkit/turns/{running}/events", session_id=False, key_alone=403),
    Row("POST", "/admin/chat_app/modelconfig/demo/try/stream", {"message": "/echo hi"}, by="staff", session_id=False),
)  # fmt: skip
# For everybody, and without a word of anybody's.
PUBLIC = frozenset({"/", "/favicon.ico", "/healthz", "/readyz", "/api/schema", "/api/docs", "/metrics"})
SOCKETS = ("/ws/chat", "/ws/chat/", "/api/ws/chat", "/api/ws/chat/")
NAMED_SOCKETS = ("/ws/chat/{secret}", "/api/ws/chat/{secret}")
# What a stranger may say on a socket about somebody else's conversation.
COMMANDS: tuple[dict[str, str], ...] = (
    {"type": "follow", "thread_id": "{thread}"},
    {"type": "resume", "turn_id": "{turn}"},
    {"type": "resume", "turn_id": "{running}"},
    {"type": "cancel", "turn_id": "{running}"},
    {"type": "message", "text": "/echo let me in", "thread_id": "{thread}", "id": "m1"},
)


def filled(command: Mapping[str, str], things: Mapping[str, str]) -> dict[str, str]:
    """A command about these things."""
    return {name: _NAME.sub(lambda found: things[found[1]], text) for name, text in command.items()}


# The calls that read a body.
STARTING = ("/api/chat", "/api/chat/stream", "/api/custom/stream", "/gpt2/chat", "/chat/stream")
READING = (
    ("POST", "/api/sessions"), ("POST", "/sessions"), ("POST", "/gpt2/sessions"), ("POST", "/api/custom/session"),
    ("POST", "/api/auth/token"), ("POST", "/api/auth/refresh"), ("POST", "/api/auth/revoke"), ("POST", "/api/threads"),
    ("PATCH", "/api/threads/{thread}"), ("PUT", "/api/items/{item}/feedback"), ("POST", "/api/turns/{turn}/retry"),
    *(("POST", path) for path in STARTING),
)  # fmt: skip
