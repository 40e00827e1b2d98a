"""Threads, items and feedback over REST: thin faces of `chat/threads.py`."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.chat import threads
from chat_app.domain.errors import InvalidInput
from chat_app.views.base import ChatView
from chat_app.views.schema import ItemShape, ThreadShape, page_of, refusals
from chat_app.wire import export, native, requests


class ThreadList(ChatView):
    """This principal's threads."""

    @extend_schema(
        operation_id="api_threads_list",
        tags=["threads"],
        parameters=[requests.Search],
        responses={200: page_of(ThreadShape), **refusals(400, 401)},
    )
    def get(self, request: Request) -> Response:
        page = threads.listing(self.principal, **self.query(requests.Search))
        return Response(native.page(page, native.thread))

    @extend_schema(
        tags=["threads"],
        request=requests.ThreadBody,
        responses={201: ThreadShape, **refusals(400, 401, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        info = threads.create(self.principal, self.fields(requests.ThreadBody).get("title", ""))
        return Response(native.thread(info), status=201)


class ThreadDetail(ChatView):
    """One thread; somebody else's is not there."""

    @extend_schema(tags=["threads"], responses={200: ThreadShape, **refusals(400, 401, 404)})
    def get(self, request: Request, thread_id: str) -> Response:
        return Response(native.thread(threads.info(self.principal, thread_id)))

    @extend_schema(
        tags=["threads"],
        request=requests.ThreadBody,
        responses={200: ThreadShape, **refusals(400, 401, 404, 413, 415)},
    )
    def patch(self, request: Request, thread_id: str) -> Response:
        fields = self.fields(requests.ThreadBody)
        if "title" in fields:
            threads.rename(self.principal, thread_id, fields["title"])
        return Response(native.thread(threads.info(self.principal, thread_id)))

    @extend_schema(tags=["threads"], responses={204: None, **refusals(400, 401, 404)})
    def delete(self, request: Request, thread_id: str) -> Response:
        threads.delete(self.principal, thread_id)
        return Response(status=204)


class ThreadItems(ChatView):
    """What was said in a thread."""

    @extend_schema(
        tags=["threads"],
        parameters=[requests.Paging],
        responses={200: page_of(ItemShape), **refusals(400, 401, 404)},
    )
    def get(self, request: Request, thread_id: str) -> Response:
        page = threads.items(self.principal, thread_id, **self.query())
        return Response(native.page(page, native.item))


class ThreadExport(ChatView):
    """A thread as one file."""

    FORMATS = {"markdown": ("text/markdown; charset=utf-8", "md"), "json": ("application/json", "json")}

    @extend_schema(
        tags=["threads"],
        parameters=[OpenApiParameter("as", OpenApiTypes.STR, enum=["markdown", "json"], default="markdown")],
        responses={
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
            **refusals(400, 401, 404),
        },
    )
    def get(self, request: Request, thread_id: str) -> Any:
        kind = request.query_params.get("as", "markdown")
        if kind not in self.FORMATS:
            raise InvalidInput(fields={"as": ["markdown or json."]})
        thread, items = threads.export_items(self.principal, thread_id)
        media_type, suffix = self.FORMATS[kind]
        body = export.markdown(thread, items) if kind == "markdown" else export.json(thread, items)
        response = HttpResponse(body, content_type=media_type)
        response["Content-Disposition"] = f'attachment; filename="{thread.id}.{suffix}"'
        return response


class ItemFeedback(ChatView):
    """What the owner thinks of an answer."""

    @extend_schema(
        tags=["threads"],
        request=requests.FeedbackBody,
        responses={200: ItemShape, **refusals(400, 401, 404, 413, 415)},
    )
    def put(self, request: Request, item_id: str) -> Response:
        fields = self.fields(requests.FeedbackBody)
        info = threads.give_feedback(self.principal, item_id, fields["kind"], fields.get("comment"))
        return Response(native.item(info))
