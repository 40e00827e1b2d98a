"""Threads in the admin: whose they are, what was said in them, and whether anything may be added.

A thread is read here and never written to; deleting one is the same verb that its owner has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from chat_app.admin.lists import ReadOnly, link, moment
from chat_app.chat import threads
from chat_app.domain.turn import ACTIVE
from chat_app.models import Item, Thread, Turn
from sessions_app.principal import Principal

READ_AT_ONCE = 200  # items shown with a thread; all of them are in the list of items
STYLES = {"active": "chat-good", "locked": "chat-quiet", "closed": "chat-quiet"}


@admin.register(Thread)
class ThreadAdmin(ReadOnly):
    list_display = ("name", "owner", "coloured_status", "turns", "running", "changed")
    list_filter = ("status", "updated_at")
    search_fields = ("id__startswith", "owner__startswith")
    search_help_text = "The beginning of a thread's id or of an owner (user:1, ext:42)."
    sortable_by = ()
    ordering = ("-updated_at", "-pk")
    actions = ("lock", "close", "reopen")
    fields = (
        "id",
        "title",
        "owner",
        "status",
        "status_reason",
        "created_at",
        "updated_at",
        "head_link",
        "metadata",
    )
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        return super().get_queryset(request).defer("metadata")

    def complete(self, rows: Sequence[Any]) -> None:
        turns = Turn.objects.filter(thread__in=[row.pk for row in rows]).order_by().values("thread_id")
        counted = turns.annotate(all=Count("pk"), live=Count("pk", filter=Q(state__in=ACTIVE)))
        numbers = {entry["thread_id"]: (entry["all"], entry["live"]) for entry in counted}
        for row in rows:
            row.turn_count, row.live_count = numbers.get(row.pk, (0, 0))

    @admin.display(description="thread")
    def name(self, thread: Thread) -> str:
        return thread.title or thread.pk

    @admin.display(description="turns")
    def turns(self, thread: Any) -> int:
        return int(thread.turn_count)

    @admin.display(description="status")
    def coloured_status(self, thread: Thread) -> str:
        return format_html('<span class="{}">{}</span>', STYLES[thread.status], thread.status)

    @admin.display(description="now")
    def running(self, thread: Any) -> str:
        return format_html('<span class="chat-live">{}</span>', "running") if thread.live_count else "–"

    @admin.display(description="last change")
    def changed(self, thread: Thread) -> str:
        return moment(thread.updated_at)

    @admin.display(description="newest turn")
    def head_link(self, thread: Thread) -> str:
        return link("chat_app_turn", thread.head_id)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        said = Item.objects.filter(thread_id=unquote(object_id), on_path=True).select_related(
            "feedback", "turn"
        )
        newest = list(said.order_by("-seq")[: READ_AT_ONCE + 1])
        extra = {
            "conversation": newest[:READ_AT_ONCE][::-1],
            "shortened": READ_AT_ONCE if len(newest) > READ_AT_ONCE else 0,
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    # What is done

    @admin.action(description="Lock: nothing may be added for now", permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        self._set(request, queryset, "locked", "This thread was locked by staff.")

    @admin.action(description="Close: the conversation is over", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        self._set(request, queryset, "closed", "This thread was closed by staff.")

    @admin.action(description="Reopen", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        self._set(request, queryset, "active", "")

    def _set(self, request: HttpRequest, queryset: QuerySet[Thread], status: str, reason: str) -> None:
        changed = list(queryset.exclude(status=status))
        Thread.objects.filter(pk__in=[row.pk for row in changed]).update(status=status, status_reason=reason)
        self.note(request, changed, f"Status: {status}.")
        self.message_user(request, f"Now {status}: {len(changed)}.", messages.SUCCESS)

    # Deleting: the owner's own verb, which also ends the turn that runs

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("chat_app.delete_thread"))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[Any, dict[str, int], set[str], list[str]]:
        """A summary in place of a list of each message."""
        rows = list(objs)
        items = Item.objects.filter(thread__in=[row.pk for row in rows]).count()
        return [str(row) for row in rows], {"threads": len(rows), "items": items}, set(), []

    def delete_model(self, request: HttpRequest, obj: Thread) -> None:
        threads.delete(Principal(owner=obj.owner, kind="login"), obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        for thread in queryset:
            self.delete_model(request, thread)
