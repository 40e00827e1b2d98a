"""Which path is answered by which consumer: streams, what waits for a model, files, and sockets. Matched before Django."""

from __future__ import annotations

from django.urls import re_path

from chat_app.consumers.attachments import AttachmentFile, AttachmentPreview, Attachments, AttachmentUpload
from chat_app.consumers.channel import NoSocket
from chat_app.consumers.chat import Chat, TurnCancel, TurnRetry, TurnState
from chat_app.consumers.chatkit import ChatKit, ChatKitTurn
from chat_app.consumers.stream import ChatStream, TurnEvents
from chat_app.consumers.try_it import TryModel
from chat_app.consumers.websocket import ChatSocket

ATTACHMENT = r"^api/attachments/(?P<attachment_id>[^/]+)"
TURN = r"^api/turns/(?P<turn_id>[^/]+)"
BASE = r"^(?:(?P<model>[a-z0-9][a-z0-9._-]*)/)?"  # example 3: a base URL that may name the model

http_urlpatterns = [
    re_path(r"^chatkit$", ChatKit.as_asgi()),
    re_path(r"^chatkit/turns/(?P<turn_id>[^/]+)/events$", ChatKitTurn.as_asgi()),
    re_path(r"^api/(?:chat|custom)/stream$", ChatStream.as_asgi()),
    re_path(r"^api/chat$", Chat.as_asgi()),
    re_path(TURN + r"/events$", TurnEvents.as_asgi()),
    re_path(TURN + r"/cancel$", TurnCancel.as_asgi()),
    re_path(TURN + r"/retry$", TurnRetry.as_asgi()),
    re_path(TURN + r"$", TurnState.as_asgi()),
    re_path(r"^api/attachments$", Attachments.as_asgi()),
    re_path(ATTACHMENT + r"/upload$", AttachmentUpload.as_asgi()),
    re_path(ATTACHMENT + r"/preview$", AttachmentPreview.as_asgi()),
    re_path(ATTACHMENT + r"$", AttachmentFile.as_asgi()),
    re_path(r"^admin/chat_app/modelconfig/(?P<model>[^/]+)/try/stream$", TryModel.as_asgi()),
    re_path(BASE + r"chat/stream$", ChatStream.as_asgi()),
    re_path(BASE + r"chat$", Chat.as_asgi()),
]

websocket_urlpatterns = [
    re_path(r"^(?:api/)?ws/chat/?$", ChatSocket.as_asgi()),
    re_path(r"^(?:api/)?ws/chat/(?P<token>[^/]+)/?$", ChatSocket.as_asgi()),
    re_path(r"", NoSocket.as_asgi()),
]
