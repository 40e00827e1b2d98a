"""Attachments in the admin: whose they are, what they are, where they belong. Never their bytes: staff read no one's files.

Deleting one takes its bytes along; the message that names it goes on without.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from chat_app.admin.lists import ReadOnly, link, moment
from chat_app.models import Attachment


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly):
    list_display = ("name", "owner", "mime_type", "weight", "state", "thread_link", "when")
    list_filter = ("kind", "state", "generated", "created_at")
    search_fields = ("id__startswith", "owner__startswith", "thread__id__exact")
    search_help_text = (
        "The beginning of an attachment's id or of an owner (user:1, ext:42), or a whole thread id."
    )
    sortable_by = ()
    ordering = ("-pk",)
    fields = (
        "id",
        "name",
        "owner",
        "mime_type",
        "kind",
        "weight",
        "state",
        "generated",
        "thread_link",
        "item_link",
        "place",
        "created_at",
    )
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    @admin.display(description="size")
    def weight(self, attachment: Attachment) -> str:
        return filesizeformat(attachment.size)

    @admin.display(description="created")
    def when(self, attachment: Attachment) -> str:
        return moment(attachment.created_at)

    @admin.display(description="thread")
    def thread_link(self, attachment: Attachment) -> str:
        return link("chat_app_thread", attachment.thread_id)

    @admin.display(description="message")
    def item_link(self, attachment: Attachment) -> str:
        return link("chat_app_item", attachment.item_id)

    @admin.display(description="place in the storage")
    def place(self, attachment: Attachment) -> str:
        return str(attachment.file) or "–"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("chat_app.delete_attachment"))
