"""What the tests' responder is told to show: an item of every kind that an answer can hold, as ChatKit's own types write it."""

from __future__ import annotations

from typing import Any

ACTION = {
    "type": "go", "payload": {"n": 1}, "handler": "server", "loadingBehavior": "auto", "streaming": True,
}  # fmt: skip


def words(value: str, name: str = "words") -> dict[str, Any]:
    return {"type": "Text", "id": name, "value": value, "streaming": True}


def card(*children: Any) -> dict[str, Any]:
    return {"type": "Card", "children": list(children) or [words("Hello")]}


def button(label: str = "Go") -> dict[str, Any]:
    return {"type": "Button", "label": label, "onClickAction": ACTION}


def widget(*children: Any) -> dict[str, Any]:
    return {"widget": card(*children), "copy_text": "Hello"}


def call(name: str = "weather", call_id: str = "call_1", **arguments: Any) -> dict[str, Any]:
    return {"status": "pending", "call_id": call_id, "name": name, "arguments": arguments}


def task(title: str = "Look", status: str = "complete") -> dict[str, Any]:
    return {
        "type": "custom",
        "status_indicator": status,
        "title": title,
        "icon": "search",
        "content": "*it* up",
    }


def source(title: str = "A page") -> dict[str, Any]:
    return {"type": "url", "title": title, "url": "http://127.0.0.1/a", "attribution": "Somebody"}


TASKS = [
    task(),
    {"type": "web_search", "status_indicator": "none", "title": "Web", "title_query": "q", "queries": ["q"],
     "sources": [source()]},
    {"type": "thought", "status_indicator": "none", "content": "Hm."},
    {"type": "file", "status_indicator": "none", "sources": [{"type": "file", "title": "F", "filename": "f.txt"}]},
    {"type": "image", "status_indicator": "none", "title": "A picture"},
]  # fmt: skip


def workflow(*tasks: Any, **more: Any) -> dict[str, Any]:
    return {"workflow": {"type": "custom", "tasks": list(tasks), "expanded": True, **more}}


QUESTIONS = {
    "status": "pending",
    "inputs": [
        {"type": "multiple_choice", "id": "size", "question": "Which size?", "multiple": False,
         "options": [{"value": "small"}, {"value": "large"}]},
        {"type": "multiple_choice", "id": "tops", "question": "Which toppings?", "multiple": True,
         "options": [{"value": "figs"}, {"value": "nuts"}]},
        {"type": "freeform", "id": "note", "question": "A note?", "description": "Anything"},
    ],
}  # fmt: skip


def annotation(**of: Any) -> dict[str, Any]:
    return {"type": "annotation", "source": of or source(), "index": 3}


ENTITY = {"type": "entity", "id": "e1", "title": "E", "icon": "user", "label": "Ent", "interactive": True,
          "data": {"empty": None}}  # fmt: skip


def part(text: str, *annotations: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": list(annotations)}


IMAGE = {"id": "img_1", "url": "http://127.0.0.1/i.png"}
ALL: list[list[Any]] = [
    ["done", "w", "widget", widget(words("Hello"), button())],
    ["done", "l", "widget", {"widget": {"type": "ListView", "children": [{"type": "ListViewItem", "children": []}]}}],
    ["done", "b", "widget", {"widget": {"type": "Basic", "children": []}}],
    ["done", "i", "generated_image", {"image": IMAGE}],
    ["done", "wf", "workflow", workflow(*TASKS, summary={"title": "All done", "icon": "search"})],
    ["done", "th", "workflow", workflow(type="reasoning", summary={"duration": 3})],
    ["done", "t", "task", {"task": task()}],
    ["done", "q", "structured_input", QUESTIONS],
    ["done", "m", "assistant_message",
     {"content": [part("One", annotation(), annotation(**ENTITY)), part("Two")]}],
    ["done", "e", "end_of_turn"],
]  # fmt: skip
