"""ModelConfig: a row that says how to reach a model, and the order of its fallbacks."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from chat_app.models.fields import EncryptedTextField

SECONDS = [MinValueValidator(0.1), MaxValueValidator(86_400)]


class ModelConfig(models.Model):
    """One model as users choose it. `id` is the name that front ends send; `model` is the upstream's own name for it."""

    id = models.CharField(
        primary_key=True,
        max_length=64,
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9._-]*\Z", "Lower-case letters, digits, dot, dash and underscore."
            ),
        ],
    )
    label = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    provider = models.CharField(max_length=32, help_text="How the model is spoken to.")
    base_url = models.CharField(max_length=500, blank=True, help_text="For example http://127.0.0.1:8080/v1")
    model = models.CharField(
        "upstream model", max_length=200, blank=True, help_text="The upstream's name for it."
    )
    api_key = EncryptedTextField(blank=True, default="", help_text="Kept encrypted, never shown again.")
    api_key_env = models.CharField(
        max_length=100, blank=True, help_text="Or the name of the environment variable that holds the key."
    )
    system_prompt = models.TextField(blank=True)
    parameters = models.JSONField(
        default=dict, blank=True, help_text="Sent with each request, e.g. temperature."
    )
    tools = models.JSONField(
        default=list, blank=True, help_text="Ids of the tools that a person may choose for a message."
    )
    context = models.PositiveIntegerField(
        "context size", default=8192, validators=[MinValueValidator(256)], help_text="Tokens."
    )
    reserve = models.PositiveIntegerField(
        default=1024, help_text="Tokens of the context kept free for the answer."
    )
    timeout_connect = models.FloatField(default=5, validators=SECONDS, help_text="Seconds.")
    timeout_first_token = models.FloatField(default=30, validators=SECONDS, help_text="Seconds.")
    timeout_idle = models.FloatField(default=30, validators=SECONDS, help_text="Seconds between two reads.")
    timeout_total = models.FloatField(
        default=600, validators=SECONDS, help_text="Seconds for a whole answer."
    )
    concurrency = models.PositiveIntegerField(default=64, help_text="Turns at once in a process.")
    queue = models.PositiveIntegerField(default=64, help_text="Turns that may wait for a place.")
    price_in = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal(0), help_text="USD for a million tokens of prompt."
    )
    price_out = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal(0), help_text="USD for a million tokens of answer."
    )
    guests = models.BooleanField("open to guests", default=True)
    enabled = models.BooleanField(default=True)
    default = models.BooleanField(default=False, help_text="Preferred where no model is named; at most one.")
    position = models.PositiveIntegerField(default=100, help_text="Order in lists.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "model"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["default"], condition=Q(default=True), name="one_default_model"),
        ]

    def __str__(self) -> str:
        return self.label or self.id

    def clean(self) -> None:
        wrong: dict[str, str] = {}
        if self.id == "default":
            wrong["id"] = "“default” names whichever model is the default."
        if self.reserve >= self.context:
            wrong["reserve"] = "The reserve must leave room for a prompt in the context."
        if self.concurrency < 1:
            wrong["concurrency"] = "At least one turn; a model that nobody may use is switched off."
        for name in ("price_in", "price_out"):
            if getattr(self, name) < 0:
                wrong[name] = "A price is not negative."
        if not isinstance(self.parameters, dict):
            wrong["parameters"] = 'A JSON object, e.g. {"temperature": 0.2}.'
        elif not _is_plain(self.parameters):
            wrong["parameters"] = (
                "Only what JSON has: no dates, no NaN or infinity, no NUL or broken characters."
            )
        if not isinstance(self.tools, list) or not all(
            isinstance(t, str) and 0 < len(t) <= 100 for t in self.tools
        ):
            wrong["tools"] = 'A JSON list of ids, e.g. ["search"].'
        if wrong:
            raise ValidationError(wrong)


def _is_plain(value: Any) -> bool:
    """Whether every database can keep a value as JSON."""
    match value:
        case str():
            return "\x00" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
        case float():
            return math.isfinite(value)
        case dict():
            return all(_is_plain(key) and _is_plain(own) for key, own in value.items())
        case list():
            return all(map(_is_plain, value))
        case _:
            return value is None or isinstance(value, bool | int)


class Fallback(models.Model):
    """The next route to try when a model cannot answer, in order of `position`."""

    model = models.ForeignKey(ModelConfig, on_delete=models.CASCADE, related_name="fallback_rows")
    to = models.ForeignKey(ModelConfig, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["model", "to"], name="one_fallback_each"),
            models.CheckConstraint(condition=~Q(model=models.F("to")), name="no_fallback_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} → {self.to_id}"
