"""Who changed what in the admin, as one list to search. Written by Django and by the actions; nobody edits it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from chat_app.admin.lists import ReadOnly

WORDS = {1: "added", 2: "changed", 3: "deleted"}


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnly):
    list_display = ("action_time", "user", "did", "content_type", "object_repr", "message")
    list_filter = ("action_time", "action_flag")
    search_fields = ("object_id__exact", "user__username__exact")
    search_help_text = "A row's whole id, or a user's name."
    sortable_by = ()
    ordering = ("-pk",)
    list_select_related = ("user", "content_type")
    fields = ("action_time", "user", "did", "content_type", "object_id", "object_repr", "message")
    readonly_fields = fields

    @admin.display(description="action")
    def did(self, entry: Any) -> str:
        return WORDS.get(entry.action_flag, "?")

    @admin.display(description="what")
    def message(self, entry: Any) -> str:
        return str(entry.get_change_message()) or "–"
