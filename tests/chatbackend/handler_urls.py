"""Views for the handler's tests: what runs where, and every kind of response."""

from __future__ import annotations

import asyncio
import threading
import time

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import FileResponse, Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

closed: list[str] = []


class Told(FileResponse):
    def close(self) -> None:
        closed.append(threading.current_thread().name)
        super().close()


def where(request):
    response = JsonResponse(
        {
            "thread": threading.current_thread().name,
            "session": hasattr(request, "session"),
            "size": len(request.body),
        }
    )
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


async def where_async(request):
    await asyncio.sleep(0)
    return HttpResponse("from a coroutine")


def empty(request):
    return HttpResponse(status=int(request.GET["status"]))


def slow(request):
    time.sleep(0.2)
    return HttpResponse("slow")


def file(request):
    return Told(open(request.GET["path"], "rb"))


def pieces(request):
    return StreamingHttpResponse(f"{number} " for number in range(5))


async def drops():
    for number in range(5):
        yield f"{number} "


def async_pieces(request):
    return StreamingHttpResponse(drops())


def fails(request):
    raise {"404": Http404, "403": PermissionDenied, "400": SuspiciousOperation}.get(
        request.GET["with"], RuntimeError
    )("never to be seen")


urlpatterns = [
    path("api/where", where),
    path("api/where-async", where_async),
    path("api/empty", empty),
    path("api/slow", slow),
    path("api/file", file),
    path("api/pieces", pieces),
    path("api/async-pieces", async_pieces),
    path("api/fails", fails),
    path("page", where),
    path("page/file", file),
]
