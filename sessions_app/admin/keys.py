"""Backend keys in the admin: made (and shown once), narrowed, revoked. A digest is never shown and never edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from .. import conf, keys
from ..models import ApiKey
from .once import shown_once


class KeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[("sessions", "Issue and end sessions"), ("chat", "Chat without a session")],
        widget=forms.CheckboxSelectMultiple,
        initial=list(conf.SCOPES),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "realm", "scopes")

    def clean_realm(self) -> str:
        realm: str = self.cleaned_data["realm"]
        try:
            keys.check_realm(realm)
        except ValidationError as error:
            raise ValidationError(error.messages) from None
        return realm

    def clean_scopes(self) -> list[str]:
        return keys.check_scopes(self.cleaned_data["scopes"])


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    form = KeyForm
    list_display = ("name", "secret", "realm", "scope_words", "state", "created_at", "last_used_at")
    list_filter = ("realm", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix", "id", "realm")
    ordering = ("name",)
    actions = ("revoke",)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        kept = ("secret", "state", "created_at", "last_used_at", "revoked_at")
        return ("name", "realm", "scopes") if obj is None else ("name", "realm", "scopes", *kept)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """The realm is fixed once there is a key: its users belong to it."""
        kept = ("secret", "state", "created_at", "last_used_at", "revoked_at")
        return () if obj is None else ("realm", *kept)

    def secret(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @admin.display(description="scopes")
    def scope_words(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def state(self, key: ApiKey) -> str:
        return "active" if key.revoked_at is None else "revoked"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            keys.equip(obj)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        facts = [("Name", obj.name), ("Realm", obj.realm), ("Scopes", ", ".join(obj.scopes))]
        return shown_once(self, request, title="The backend key", secret=obj.text, facts=facts)

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        ended = [key for key in queryset if keys.revoke(key)]
        for key in ended:
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"Revoked: {len(ended)}.", messages.SUCCESS)
