"""How much a session was used, as annotations over whatever keeps a foreign key to it. This app knows no turn."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Aggregate, Count, OuterRef, QuerySet, Subquery, Sum

from ..models import ChatSession


def with_usage(queryset: QuerySet[ChatSession], reverse_key: str = "turns") -> QuerySet[ChatSession]:
    """Annotates `turn_count`, `tokens_in`, `tokens_out` and `spent`, where rows of turns exist. Paid for each row shown."""
    try:
        relation: Any = ChatSession._meta.get_field(reverse_key)
    except FieldDoesNotExist:
        return queryset
    turns, to_session = relation.related_model._default_manager, relation.field.name

    def over(aggregate: Aggregate) -> Subquery:
        rows = turns.filter(**{to_session: OuterRef("pk")}).order_by().values(to_session)
        return Subquery(rows.annotate(value=aggregate).values("value"))

    return queryset.annotate(
        turn_count=over(Count("pk")),
        tokens_in=over(Sum("input_tokens")),
        tokens_out=over(Sum("output_tokens")),
        spent=over(Sum("cost")),
    )
