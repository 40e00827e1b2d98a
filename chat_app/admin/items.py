"""What was said, and what people think of it, as lists to search. Nothing is written here.

A list reads the beginning of a text alone: an answer can be long, and a page shows many.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.html import format_html

from chat_app.admin.lists import ReadOnly, link, moment
from chat_app.models import Feedback, Item

EXCERPT = 120  # characters


def excerpt(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return f"{line}…" if len(text) >= EXCERPT else line or "–"


@admin.register(Item)
class ItemAdmin(ReadOnly):
    list_display = ("when", "kind", "model", "beginning", "conversation")
    list_filter = ("created_at", "on_path")
    search_fields = ("id__startswith", "thread__id__exact", "turn__id__exact")
    search_help_text = "The beginning of an item's id, or a whole thread or turn id."
    sortable_by = ()
    ordering = ("-pk",)
    fields = (
        "id",
        "kind",
        "model",
        "thread_link",
        "turn_link",
        "seq",
        "on_path",
        "created_at",
        "whole",
        "data",
    )
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("text", "data").annotate(start=Left("text", EXCERPT))

    @admin.display(description="item")
    def when(self, item: Item) -> str:
        return format_html('<span title="{}">{}</span>', item.pk, moment(item.created_at))

    @admin.display(description="text")
    def beginning(self, item: Any) -> str:
        return excerpt(item.start)

    @admin.display(description="text")
    def whole(self, item: Item) -> str:
        return format_html('<div class="chat-text">{}</div>', item.text or "–")

    @admin.display(description="")
    def conversation(self, item: Item) -> str:
        return link("chat_app_thread", item.thread_id, "thread")

    @admin.display(description="thread")
    def thread_link(self, item: Item) -> str:
        return link("chat_app_thread", item.thread_id)

    @admin.display(description="turn")
    def turn_link(self, item: Item) -> str:
        return link("chat_app_turn", item.turn_id)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnly):
    heading = "Feedback"
    list_display = ("mark", "beginning", "said_by", "comment", "thread_link", "when")
    list_display_links = ("mark",)
    list_filter = ("kind", "updated_at")
    search_fields = ("item__id__exact", "item__thread__id__exact")
    search_help_text = "A whole item or thread id."
    sortable_by = ()
    ordering = ("-pk",)
    fields = ("kind", "comment", "said_by", "thread_link", "whole", "created_at", "updated_at")
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.annotate(
            start=Left("item__text", EXCERPT), answered=F("item__model"), in_thread=F("item__thread_id")
        )

    @admin.display(description="kind")
    def mark(self, feedback: Feedback) -> str:
        style = "chat-good" if feedback.kind == "positive" else "chat-bad"
        return format_html('<span class="{}">{}</span>', style, feedback.kind)

    @admin.display(description="given")
    def when(self, feedback: Feedback) -> str:
        return moment(feedback.updated_at)

    @admin.display(description="answer")
    def beginning(self, feedback: Any) -> str:
        return excerpt(feedback.start)

    @admin.display(description="answer")
    def whole(self, feedback: Feedback) -> str:
        return format_html('<div class="chat-text">{}</div>', feedback.item.text)

    @admin.display(description="model")
    def said_by(self, feedback: Any) -> str:
        return str(feedback.answered) or "–"

    @admin.display(description="thread")
    def thread_link(self, feedback: Any) -> str:
        return link("chat_app_thread", feedback.in_thread, "thread")
