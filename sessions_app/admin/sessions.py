"""Chat sessions in the admin: looked at, revoked, issued by hand. A row is never edited and never deleted here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from rest_framework.exceptions import APIException

from .. import conf, ports, sessions
from ..models import ChatSession
from ..serializers import MetadataField
from .once import shown_once
from .usage import with_usage


class IssueForm(forms.Form):
    """Whom a session by hand is for."""

    realm = forms.CharField(
        initial="ext",
        max_length=32,
        validators=[RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Small letters, digits, - and _ only.")],
        help_text="ext: a user of the backend key's customer. user: a user of this server, by number.",
    )
    user_id = forms.CharField(max_length=conf.MAX_USER_ID, validators=[ProhibitNullCharactersValidator()])
    model = forms.CharField(required=False, max_length=conf.MAX_MODEL_ID, help_text="Empty: the default.")
    ttl = forms.IntegerField(min_value=1, label="Life in seconds")
    metadata = forms.JSONField(required=False, help_text="A JSON object.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ttl"].initial = conf.session_ttl()

    def clean_ttl(self) -> int:
        ttl: int = self.cleaned_data["ttl"]
        if ttl > conf.max_session_ttl():
            raise ValidationError(f"At most {conf.max_session_ttl()} seconds.")
        return ttl

    def clean_metadata(self) -> dict[str, Any]:
        try:
            return MetadataField().run_validation(self.cleaned_data["metadata"] or {})
        except APIException as error:
            raise ValidationError([str(one) for one in error.detail]) from None

    def clean_model(self) -> str | None:
        try:
            return sessions.check_model(self.cleaned_data["model"] or None)
        except APIException as error:
            raise ValidationError(str(error.detail)) from None

    def clean(self) -> None:
        realm, user_id = self.cleaned_data.get("realm"), self.cleaned_data.get("user_id", "")
        if realm in conf.RESERVED_REALMS - {"user"}:
            raise ValidationError({"realm": "Sessions of this realm are not issued by hand."})
        users = get_user_model()._default_manager
        if realm == "user" and not (
            user_id.isdecimal() and users.filter(pk=user_id, is_active=True).exists()
        ):
            raise ValidationError({"user_id": "There is no such active user."})


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in ("active", "expired", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
        now = timezone.now()
        match self.value():
            case "active":
                return queryset.filter(revoked_at__isnull=True, expires_at__gt=now)
            case "expired":
                return queryset.filter(revoked_at__isnull=True, expires_at__lte=now)
            case "revoked":
                return queryset.filter(~Q(revoked_at=None))
        return queryset


@admin.register(ChatSession)
class ChatSessionAdmin(admin.ModelAdmin):
    list_display = (
        "secret",
        "owner",
        "state",
        "model_name",
        "issued_by",
        "created_at",
        "expires_at",
        "last_seen_at",
        "turns_taken",
        "tokens",
        "cost",
    )
    list_filter = (StateFilter, "realm", "model", "created_at")
    search_fields = ("owner", "id", "prefix", "issued_by")
    ordering = ("-created_at",)
    list_per_page = 50
    actions = ("revoke",)
    fields = (
        ("id", "secret", "state"),
        ("owner", "model_name", "metadata"),
        ("created_at", "expires_at", "revoked_at", "last_seen_at"),
        "issued_by",
        ("turns_taken", "tokens", "cost"),
    )

    def has_change_permission(self, request: HttpRequest, obj: ChatSession | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ChatSession | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        return with_usage(super().get_queryset(request))

    @admin.display(ordering="prefix")
    def secret(self, session: ChatSession) -> str:
        return f"{session.prefix}…"

    def state(self, session: ChatSession) -> str:
        return session.state()

    @admin.display(description="model", ordering="model")
    def model_name(self, session: ChatSession) -> str:
        return session.model or f"{ports.resolve_default()} (default)"

    @admin.display(description="turns", ordering="turn_count")
    def turns_taken(self, session: Any) -> int:
        return getattr(session, "turn_count", None) or 0

    @admin.display(description="tokens in / out", ordering="tokens_out")
    def tokens(self, session: Any) -> str:
        taken, given = getattr(session, "tokens_in", None), getattr(session, "tokens_out", None)
        return f"{taken or 0:,} / {given or 0:,}"

    @admin.display(description="cost (USD)", ordering="spent")
    def cost(self, session: Any) -> str:
        return f"{getattr(session, 'spent', None) or 0:.4f}"

    @admin.action(
        description="Revoke the chosen sessions and close what is open on them", permissions=["revoke"]
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        living = list(ChatSession.objects.filter(pk__in=queryset.values("pk"), revoked_at__isnull=True))
        ended = sessions.revoke(living)
        for session in living:
            self.log_change(request, session, "Revoked.")
        self.message_user(request, f"Revoked: {ended}.", messages.SUCCESS)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Issue a session by hand; its secret is in this answer alone."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = IssueForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._issue(request, form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "title": "Issue a session",
            "opts": self.opts,
            "form": form,
        }
        return render(request, "sessions_app/admin/issue.html", context)

    def _issue(self, request: HttpRequest, fields: dict[str, Any]) -> HttpResponse:
        given = sessions.issue(
            f"{fields['realm']}:{fields['user_id']}",
            issued_by="admin",
            model=fields["model"],
            ttl=fields["ttl"],
            metadata=fields["metadata"],
        )
        self.log_addition(request, given.session, "Issued by hand.")
        facts = [
            ("Session", given.session.pk),
            ("For", given.session.owner),
            ("Until", f"{given.session.expires_at:%Y-%m-%d %H:%M:%S} UTC"),
        ]
        return shown_once(self, request, title="The client secret", secret=given.secret, facts=facts)
