"""The words of the demo model: the guide, its topics and the help for its commands.

Text only: no streaming, no network.

Every function gives Markdown. Addresses are built on `site`, the address of this server as a browser sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

COMMANDS: Final = """\
| Say | and the demo model will |
|---|---|
| `/help` | show this table |
| `/slow [ms] [message]` | answer with a pause of so many milliseconds before each token (250) |
| `/long [tokens] [ms]` | write a long text of so many tokens (2000) |
| `/tokens N [ms]` | send N numbered tokens of five characters; `0` ms is as fast as it can |
| `/fail [code] [after N]` | fail with that code, at once or after N tokens |
| `/echo text` | say exactly that |
| `/history` | list what you said before in this conversation, as far as it is in the prompt |

Codes for `/fail`: `upstream_down` (the default), `upstream_timeout`, `upstream_refused`, `upstream_busy`,
`upstream_error`, or an HTTP status: `/fail 429 after 20`.
"""


def connect(site: str) -> str:
    """How a front end reaches this server."""
    socket = re.sub("^http", "ws", site)
    return f"""\
## Connect a front end

Give `useChatKit` a function that fetches a client secret from *your* server, which asks this one with its
backend key:

```ts
const {{ control }} = useChatKit({{
  api: {{
    async getClientSecret() {{
      const res = await fetch('/api/custom/session', {{ method: 'POST' }});
      if (!res.ok) throw new Error('Session failed');
      return (await res.json()).client_secret;
    }},
  }},
}});
```

- A plain page needs no library: `POST /api/chat/stream` is server-sent events, `POST /api/chat` waits for
  the whole answer.
- A WebSocket is at `{socket}/ws/chat/<session_id>`; send `{{"type": "message", "text": "Hello"}}`.
- The chat page at {site}/ is made of the same parts.
"""


def curl(site: str) -> str:
    """Calls that work from a terminal as they stand."""
    return f"""\
## Try it from a terminal

`BACKEND_KEY` is the one in `.env`, which `make run` wrote, or one that you made in the admin.

```bash
# 1. Your server issues a session for one of its users
SESSION=$(curl -s {site}/api/sessions \\
  -H "Authorization: Bearer $BACKEND_KEY" -H 'Content-Type: application/json' \\
  -d '{{"user_id": "ada"}}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["session_id"])')

# 2. Whoever holds the session can chat, and see the answer as it is written
curl -N {site}/api/chat/stream -H 'Content-Type: application/json' \\
  -d "{{\\"session_id\\": \\"$SESSION\\", \\"message\\": \\"Hello\\"}}"

# 3. The same, whole
curl -s {site}/api/chat -H 'Content-Type: application/json' \\
  -d "{{\\"session_id\\": \\"$SESSION\\", \\"message\\": \\"/history\\"}}"
```

All calls, with a form for each: {site}/api/docs
"""


def admin(site: str) -> str:
    """What the admin is for."""
    return f"""\
## The admin

{site}/admin/ (`make run` printed a development login) is where you

1. add, change and *try* models,
2. see who has a session, and revoke one: its sockets close at once,
3. make keys for your own servers,
4. read turns: which model answered, how long it took, what it cost, and why one failed.
"""


def models(site: str) -> str:
    """How to put a real model behind this server."""
    return f"""\
## Add a real model

In {site}/admin/ choose **Models**, then **Add**:

| Field | For OpenAI | For a server of your own |
|---|---|---|
| Provider | `openai` | `openai` |
| Base URL | `https://api.openai.com/v1` | `http://127.0.0.1:8080/v1` |
| Model name | as the vendor calls it | as your server calls it |
| Key | yours, or the name of an environment variable | whatever it wants, often none |
| Fallbacks | another model, or `demo` | likewise |

vLLM, Ollama, llama.cpp, LiteLLM and most others speak this dialect. The row `openai` is there already and
wants only its key, in the environment or in `.env`:

```sh
OPENAI_API_KEY=...
OPENAI_BASE_URL=https://api.openai.com/v1    # or anything that speaks the same
```

The other providers are `custom` (another chat backend), `local` (Hugging Face in this process, after
`make install-local`) and `python` (your own code). `docs/models.md` says how, and how to keep all models in a file.

> A model on a private address must be named in `ALLOWED_PRIVATE_HOSTS`; loopback is allowed only while
> `DEBUG` is on.
"""


def production(site: str) -> str:
    """What to set before strangers come."""
    return """\
## On to production

1. Set `SECRET_KEY`, `ALLOWED_HOSTS`, `BACKEND_KEY` and `ENCRYPTION_KEYS`; turn `DEBUG` off.
2. Set `DATABASE_URL` to PostgreSQL. For more than one worker also set `REDIS_URL`.
3. Start it with `make serve`: its workers finish their answers before they stop.
4. Put TLS in front, with buffering off for streams.
5. Ask `/healthz` whether a process lives, and `/readyz` whether it should get traffic.

`.env.example` names every variable.
"""


TOPICS: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("connect", r"connect|front.?end|usechatkit|react|next\.?js|browser|websocket|widget|embed", connect),
    ("curl", r"curl|terminal|\brest\b|\bapi\b|session|endpoint|\bhttp\b|stream", curl),
    ("models", r"model|openai|ollama|vllm|llama|litellm|provider|gpt", models),
    ("admin", r"admin|login|password|back.?office|dashboard", admin),
    (
        "production",
        r"production|deploy|postgres|redis|worker|\bserve\b|nginx|docker|scale|\btls\b",
        production,
    ),
)
ABOUT_HISTORY: Final = re.compile(
    r"earlier|before|remember|histor|previous|how many|last (message|thing|time)|so far", re.I
)


def topics_in(said: str) -> list[Callable[[str], str]]:
    """The sections of the guide that a message asks about, in the guide's order."""
    return [section for _, words, section in TOPICS if re.search(words, said, re.I)]


def index() -> str:
    """What can be asked, as a list."""
    names = ", ".join(f"**{name}**" for name, _, _ in TOPICS)
    return f"Ask me about {names}, or say `/help` for what I can play.\n"


def long_text() -> str:
    """A page of Markdown that is repeated to fill a long answer."""
    return """\
### A stretch of text

This is the demo model writing at length, so that you can see how a page scrolls, how a follower catches up
after it lost its connection, and whether **Stop** stops. Nothing in it is worth reading twice, and it *will* be said twice.

1. A list, since lists are where partial Markdown looks worst.
2. A second entry with `inline code` and a [link](https://example.com/).
   - a nested one

| Column | Another |
|---|---|
| a cell | 42 |

```python
def answer(question: str) -> str:
    return question[::-1]
```

"""
