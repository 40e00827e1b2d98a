"""The smallest models in Python: a function, whose return value is the answer, and a generator, whose pieces leave one by one.

    CHAT_RESPONDERS=shout=examples.python_model.shout,count=examples.python_model.count

Sync code runs in a thread of its own: it may block, compute and use Django's ORM as it likes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from chat_app.responders import Prompt


def shout(prompt: Prompt) -> str:
    """What was said, louder."""
    return prompt.last_user_text.upper()


def count(prompt: Prompt, to: int = 5, pause: float = 0.2) -> Iterator[str]:
    """The numbers up to `to`, which a row sets in its `parameters`, e.g. {"to": 10}."""
    for number in range(1, to + 1):
        yield f"{number} "  # after a stop the generator is closed here: `finally` and `with` around it let go of what is open
        time.sleep(pause)
