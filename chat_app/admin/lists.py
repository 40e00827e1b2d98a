"""What all lists of the chat's admin share: pages that cost the same however many rows there are, rows that nobody edits.

A list counts to a bound, orders by an index, and asks for what stands beside its rows once for the page, never once a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst

MOST = 10_000  # rows that are counted, and can be paged through; beyond that one searches


class BoundedPaginator(Paginator):
    """Counts to MOST and no further, without joins and without an order."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:MOST].count())


class PageChangeList(ChangeList):
    """A list that tells its ModelAdmin which rows are on the page, once they are known."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """NUL in a filter, which PostgreSQL refuses to look for, is treated as any filter that makes no sense."""
        if any("\0" in value for values in self.filter_params.values() for value in values):
            raise IncorrectLookupParameters
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        self.model_admin.complete(self.result_list)  # type: ignore[attr-defined]


class Listing(admin.ModelAdmin):
    """A list with a bounded cost. `complete` adds what the page's rows need beside their own columns."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for each choice of each filter would read the whole table
    heading = ""
    list_per_page = 50
    list_max_show_all = 200

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PageChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = self.heading or capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def complete(self, rows: Sequence[Any]) -> None:
        """Set on each row what its columns show beyond the row itself; at most a query or two for all."""

    def note(self, request: HttpRequest, rows: Iterable[Model], message: str) -> None:
        """One line of history for each row, by whoever asked."""
        changed = list(rows)
        if changed:
            user_pk = int(request.user.pk or 0)
            LogEntry.objects.log_actions(user_pk, changed, CHANGE, change_message=message)


class ReadOnly(Listing):
    """Rows that the service itself writes: looked at here, never added or edited. Actions are still open to those who may
    change the kind; a row's own page is a view."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_permission(request) or super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def link(name: str, pk: str | None, text: str | None = None) -> str:
    """A link to the page of a row, e.g. `link("chat_app_turn", "trn_...")`; bare text where there is no such page."""
    if not pk:
        return "–"
    try:
        address = reverse(f"admin:{name}_change", args=[pk])
    except NoReverseMatch:
        return text or pk
    return format_html('<a href="{}">{}</a>', address, text or pk)


def moment(value: Any) -> str:
    """A time to the second, for lists."""
    return "–" if value is None else f"{timezone.localtime(value):%b %d, %H:%M:%S}"


def milliseconds(start: Any, end: Any) -> int | None:
    """Between two moments, None where one of them is not there."""
    return None if start is None or end is None else round((end - start).total_seconds() * 1000)


def span(value: int | None) -> str:
    """Milliseconds as a person reads them."""
    if value is None:
        return "–"
    return f"{value} ms" if value < 1000 else f"{value / 1000:.1f} s"
