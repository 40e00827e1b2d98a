"""What ChatKit's clients send: `{"type": operation, "params": {...}}`, one class for the params of each operation.

Unknown fields are ignored, unknown operations and bad bodies refused. Source: openai-chatkit 1.6.5, the request types.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import orjson
from msgspec import Struct, field

from chat_app.domain.errors import InvalidInput
from chat_app.wire.requests import BadJson

Order = Literal["asc", "desc"]
DEEPEST: Final = 64
LONGEST_ID: Final = 200


class TextPart(Struct, tag_field="type", tag="input_text"):
    text: str


class TagPart(Struct, tag_field="type", tag="input_tag"):
    id: str
    text: str
    data: dict[str, Any] = {}
    group: str | None = None
    interactive: bool = False


class ToolChoice(Struct):
    id: str


class InferenceOptions(Struct, omit_defaults=True):
    tool_choice: ToolChoice | None = None
    model: str | None = None


class UserMessage(Struct):
    """A message as the composer sends it."""

    content: list[TextPart | TagPart]
    attachments: list[str] = []
    quoted_text: str | None = None
    inference_options: InferenceOptions = field(default_factory=InferenceOptions)


class ThreadId(Struct):
    thread_id: str


class Create(Struct):
    input: UserMessage


class AddMessage(Struct):
    thread_id: str
    input: UserMessage


class AddToolOutput(Struct):
    thread_id: str
    result: Any = None


class Answer(Struct):
    values: list[str] = []
    skipped: bool = False


class Answers(Struct):
    status: Literal["answered", "skipped"] = "answered"
    answers: dict[str, Answer] = {}


class AddStructuredInput(Struct):
    thread_id: str
    item_id: str
    input: Answers


class AboutItem(Struct):
    thread_id: str
    item_id: str


class Action(Struct):
    type: str
    payload: Any = None


class CustomAction(Struct):
    thread_id: str
    action: Action
    item_id: str | None = None


class ListThreads(Struct):
    limit: int | None = None
    order: Order = "desc"
    after: str | None = None


class ListItems(Struct):
    thread_id: str
    limit: int | None = None
    order: Order = "desc"
    after: str | None = None


class Rename(Struct):
    thread_id: str
    title: str


class Feedback(Struct):
    thread_id: str
    item_ids: list[str]
    kind: Literal["positive", "negative"]


class CreateAttachment(Struct):
    name: str
    size: int
    mime_type: str


class AboutAttachment(Struct):
    attachment_id: str


class Transcribe(Struct):
    audio_base64: str
    mime_type: str


STREAMING: Final[dict[str, type[Struct]]] = {
    "threads.create": Create,
    "threads.add_user_message": AddMessage,
    "threads.add_client_tool_output": AddToolOutput,
    "threads.add_structured_input": AddStructuredInput,
    "threads.retry_after_item": AboutItem,
    "threads.custom_action": CustomAction,
}
ANSWERED: Final[dict[str, type[Struct]]] = {
    "threads.sync_custom_action": CustomAction,
    "threads.get_by_id": ThreadId,
    "threads.list": ListThreads,
    "threads.update": Rename,
    "threads.delete": ThreadId,
    "items.list": ListItems,
    "items.feedback": Feedback,
    "attachments.create": CreateAttachment,
    "attachments.delete": AboutAttachment,
    "attachments.get_preview": AboutAttachment,
    "input.transcribe": Transcribe,
}
OPERATIONS: Final = {**STREAMING, **ANSWERED}


def read(body: bytes) -> tuple[str, Struct]:
    """The operation and its params. Raises BadJson, InvalidInput with the field that is wrong."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadJson("The body is not valid JSON.") from None
    if not isinstance(data, dict):
        raise BadJson
    operation = data.get("type")
    kind = OPERATIONS.get(operation) if isinstance(operation, str) else None
    if kind is None:
        raise InvalidInput("There is no such operation.", fields={"type": ["Unknown operation."]})
    _check_text(data.get("params"), 0)
    try:
        return str(operation), msgspec.convert(data.get("params"), kind)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$")
        name = f"params{place.rstrip('`')}"
        raise InvalidInput(fields={name: [sentence + "."]}) from None


def _check_text(value: Any, depth: int) -> None:
    """Raises InvalidInput for what no database can keep: NUL, and nesting without end."""
    if depth > DEEPEST:
        raise InvalidInput("The request is nested too deeply.")
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidInput("Null characters are not allowed.")
    elif isinstance(value, dict):
        for key, own in value.items():
            _check_text(key, depth)
            _check_text(own, depth + 1)
    elif isinstance(value, list):
        for own in value:
            _check_text(own, depth + 1)


def message_data(message: UserMessage) -> dict[str, Any]:
    """What a message's item keeps beside its text; a message of one plain text keeps no parts."""
    data: dict[str, Any] = {}
    if [type(part) for part in message.content] != [TextPart]:
        data["content"] = msgspec.to_builtins(message.content)
    if message.quoted_text:
        data["quoted_text"] = message.quoted_text
    options = msgspec.to_builtins(message.inference_options)
    if options:
        data["inference_options"] = options
    return data


def text_of(message: UserMessage) -> str:
    """A message's parts as one text."""
    return "".join(part.text for part in message.content)


def builtin(params: Struct) -> dict[str, Any]:
    """A part of a request as plain JSON."""
    data: dict[str, Any] = msgspec.to_builtins(params)
    return data
