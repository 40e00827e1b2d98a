"""The paths of this app that Django answers. Streams and sockets are in `routing.py`, in front of these."""

from __future__ import annotations

from django.urls import path

from chat_app.views import attachments, chatkit, chatkit_session, models, pages, threads, turns

urlpatterns = [
    path("", pages.index, name="chat-page"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("chatkit", chatkit.ChatKitDoc.as_view(), name="chatkit"),
    path("chatkit/turns/<str:turn_id>/events", chatkit.ChatKitTurnDoc.as_view(), name="chatkit-turn"),
    path("api/models", models.ModelList.as_view(), name="models"),
    path("api/chatkit/session", chatkit_session.ChatKitSession.as_view(), name="chatkit-session"),
    path("api/threads", threads.ThreadList.as_view(), name="threads"),
    path("api/threads/<str:thread_id>", threads.ThreadDetail.as_view(), name="thread"),
    path("api/threads/<str:thread_id>/items", threads.ThreadItems.as_view(), name="thread-items"),
    path("api/threads/<str:thread_id>/export", threads.ThreadExport.as_view(), name="thread-export"),
    path("api/items/<str:item_id>/feedback", threads.ItemFeedback.as_view(), name="item-feedback"),
    path("api/attachments", attachments.AttachmentsDoc.as_view(), name="attachments"),
    path("api/attachments/<str:attachment_id>", attachments.AttachmentDoc.as_view(), name="attachment"),
    path(
        "api/attachments/<str:attachment_id>/upload",
        attachments.AttachmentUploadDoc.as_view(),
        name="attachment-upload",
    ),
    path(
        "api/attachments/<str:attachment_id>/preview",
        attachments.AttachmentPreviewDoc.as_view(),
        name="attachment-preview",
    ),
    path("api/chat", turns.ChatDoc.as_view(), name="chat"),
    path("api/chat/stream", turns.StreamDoc.as_view(), name="chat-stream"),
    path("api/custom/stream", turns.StreamDoc.as_view(), name="custom-stream"),
    path("api/turns/<str:turn_id>", turns.TurnDoc.as_view(), name="turn"),
    path("api/turns/<str:turn_id>/events", turns.TurnEventsDoc.as_view(), name="turn-events"),
    path("api/turns/<str:turn_id>/cancel", turns.TurnCancelDoc.as_view(), name="turn-cancel"),
    path("api/turns/<str:turn_id>/retry", turns.TurnRetryDoc.as_view(), name="turn-retry"),
]
