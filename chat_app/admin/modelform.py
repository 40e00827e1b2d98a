"""What staff may enter for a model, and how it is checked. A key goes in here and never comes out again.

The key's column is no field of the form: its value is never rendered, and it is written only where a new one was given.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.html import format_html, format_html_join

from chat_app.chat import rows
from chat_app.models import Fallback, ModelConfig
from chat_app.models.fields import EncryptedTextField
from chat_app.providers import registry

KINDS = {
    "openai": "What speaks OpenAI's API: OpenAI, vLLM, Ollama, llama.cpp, LiteLLM. Base URL up to /v1, upstream model, and a "
    'key where the server wants one. Parameters go into the request; {"api": "responses"} takes the Responses API.',
    "custom": "Another chat backend with /sessions, /chat and /chat/stream, this project included. Base URL such as "
    "https://host/api, and its backend key.",
    "local": "Hugging Face transformers in this process. Upstream model: a name of the hub or a folder; without one, gpt2. "
    "Needs requirements-local.txt, no key.",
    "python": "Python of this installation. Upstream model: a name from CHAT_RESPONDERS. Parameters are its arguments.",
    "demo": "Built in, for trying things out. Needs nothing.",
}
SHOWN_FROM = 16  # characters: of a shorter key, four would be too much of it


def _help_of_kinds() -> str:
    """What each kind of this release needs, as a list."""
    lines = [(kind, KINDS[kind]) for kind in registry.KINDS if kind in KINDS]
    return format_html(
        '<dl class="chat-kinds">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines)
    )


def key_state(row: ModelConfig) -> str:
    """What may be said of a stored key."""
    key = row.api_key
    if not key:
        return "Not set."
    if key == EncryptedTextField.UNREADABLE:
        return (
            "Cannot be read: it was encrypted with a key that is no longer in ENCRYPTION_KEYS. Enter it anew."
        )
    return f"Set (ends in …{key[-4:]})." if len(key) >= SHOWN_FROM else "Set."


class Parameters(forms.JSONField):
    """JSON that is shown again as it was typed: what is refused may not even be text."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data) if isinstance(data, str) else super().bound_data(data, initial)


class Ids(forms.JSONField):
    """A JSON list of ids; empty is no id at all."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return [] if found is None else found


class ModelForm(forms.ModelForm):
    new_api_key = forms.CharField(
        label="API key",
        required=False,
        max_length=4096,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"}
        ),
        help_text="Kept encrypted and never shown again. Left empty, the key stays as it is.",
    )
    clear_api_key = forms.BooleanField(label="Clear the key", required=False)

    class Meta:
        model = ModelConfig
        fields = (
            "id", "label", "description", "position", "enabled", "default", "guests", "provider", "base_url", "model",
            "api_key_env", "system_prompt", "parameters", "tools", "context", "reserve", "concurrency",
            "queue",
            "timeout_connect", "timeout_first_token", "timeout_idle", "timeout_total", "price_in", "price_out",
        )  # fmt: skip
        labels = {
            "id": "ID",
            "base_url": "Base URL",
            "model": "Upstream model",
            "api_key_env": "Environment variable",
            "timeout_connect": "Connect",
            "timeout_first_token": "First token",
            "timeout_idle": "Idle",
            "timeout_total": "Whole answer",
            "concurrency": "At once",
            "price_in": "Prompt",
            "price_out": "Answer",
        }
        help_texts = {
            "id": "The name that front ends send. It cannot be changed later.",
            "base_url": "A private address must be in ALLOWED_PRIVATE_HOSTS; loopback is open only while DEBUG.",
            "model": "The upstream's name for it; of kind python, the name of an entry in CHAT_RESPONDERS.",
            "tools": 'What a person may choose for a message, as ids in a JSON list: ["search"].',
            "concurrency": "Answers at the same time, in each process.",
            "queue": "Turns that may wait for a place. Beyond it the next route is tried, or the caller told to come again.",
            "timeout_first_token": "Seconds, and as long a turn waits for a place.",
        }
        field_classes = {"parameters": Parameters, "tools": Ids}
        widgets = {
            "id": forms.TextInput(attrs={"class": "vTextField"}),
            "base_url": forms.URLInput(attrs={"class": "vURLField"}),
            "description": forms.TextInput(attrs={"class": "vLargeTextField"}),
            "system_prompt": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 6}),
            "parameters": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 4}),
            "tools": forms.TextInput(attrs={"class": "vLargeTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parameters" in self.fields:
            self.fields["parameters"].show_hidden_initial = False  # the row is what they are compared with
        if "provider" in self.fields:
            self.fields["provider"] = forms.ChoiceField(choices=self._kinds(), help_text=_help_of_kinds())

    def _kinds(self) -> list[tuple[str, str]]:
        """The kinds of this release, and the row's own where it is not among them."""
        kinds = [(kind, kind) for kind in registry.KINDS]
        own = self.instance.provider
        return kinds if not own or own in registry.KINDS else [*kinds, (own, f"{own} (not in this release)")]

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"]).strip()
        if problem := rows.base_url_problem(url):
            raise ValidationError(problem)
        return url

    def clean_api_key_env(self) -> str:
        name = str(self.cleaned_data["api_key_env"]).strip()
        if "api_key_env" in self.changed_data and (problem := rows.variable_problem(name)):
            raise ValidationError(problem)
        return name

    def clean_new_api_key(self) -> str:
        key = str(self.cleaned_data["new_api_key"])
        if problem := rows.key_problem(key):
            raise ValidationError(problem)
        return key

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        key, clear = cleaned.get("new_api_key"), cleaned.get("clear_api_key")
        if key and clear:
            self.add_error("clear_api_key", "Either a new key or none.")
        elif not key and not clear and self._moved(cleaned):
            self.add_error("new_api_key", rows.MOVED)
        return cleaned

    def _moved(self, cleaned: dict[str, Any]) -> bool:
        """Whether a stored key would from now on be sent to a server that it was not entered for."""
        if not self.instance.api_key or "base_url" not in cleaned:
            return False
        return rows.moved(str(self.initial.get("base_url") or ""), cleaned["base_url"])

    def _get_validation_exclusions(self) -> set[str]:
        """Not the one default: saving a new one takes it from the old (`ModelConfigAdmin.save_model`)."""
        return {*super()._get_validation_exclusions(), "default"}  # type: ignore[misc]

    @property
    def key_changes(self) -> bool:
        """Whether the key's column is to be written."""
        return bool(self.cleaned_data.get("new_api_key") or self.cleaned_data.get("clear_api_key"))


class FallbackForm(forms.ModelForm):
    class Meta:
        model = Fallback
        fields = ("position", "to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        if not self.instance.pk:
            self.initial["position"] = None


class FallbackFormSet(forms.BaseInlineFormSet):
    """The fallbacks of one model: none twice, not the model itself, and no way back to it."""

    def clean(self) -> None:
        """In place of Django's own check for doubles, whose words say less."""
        wanted: list[str] = []
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            if not data.get("to") or data.get("DELETE"):
                continue
            to = data["to"].pk
            if to == self.instance.pk:
                form.add_error("to", "A model cannot be its own fallback.")
            elif to in wanted:
                form.add_error("to", "This model is already in the list.")
            else:
                wanted.append(to)
                if way := self._way_back(to):
                    circle = " → ".join([self.instance.pk, *way])
                    form.add_error("to", f"The fallbacks would go round in a circle: {circle}.")
        self._put_at_the_end()
        if any(form.errors for form in self.forms):
            raise ValidationError("The fallbacks cannot be saved like this.")

    def _put_at_the_end(self) -> None:
        """Whoever was given no place comes last."""
        places = [form.cleaned_data.get("position") or 0 for form in self.forms if form.is_valid()]
        last = max(places, default=0)
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            if data.get("to") and data.get("position") is None:
                last += 1
                form.instance.position = last

    def _way_back(self, start: str) -> list[str]:
        """The fallbacks that lead from `start` to this model, empty where none do."""
        steps: dict[str, list[str]] = {}
        for model_id, to_id in Fallback.objects.exclude(model_id=self.instance.pk).values_list(
            "model_id", "to_id"
        ):
            steps.setdefault(model_id, []).append(to_id)
        return rows.way(steps, start, str(self.instance.pk))
