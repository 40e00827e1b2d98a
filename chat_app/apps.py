"""Where the chat side is wired up: its answers to sessions_app's questions, and what it does when a credential dies."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_delete, post_save


class ChatConfig(AppConfig):
    name = "chat_app"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chat_app import checks  # noqa: F401 - registers them
        from chat_app.chat import attachments, catalog, pictures, quotas
        from chat_app.models import Fallback, ModelConfig, Quota
        from chat_app.providers import http
        from chat_app.responders import files, setup
        from chat_app.streaming.control import CONTROL
        from sessions_app import ports, signals

        http.configure(allowed_private_hosts=settings.ALLOWED_PRIVATE_HOSTS, allow_loopback=settings.DEBUG)
        setup.plug_in(files.Files(pictures.store_image, attachments.parts))
        ports.connect(
            lambda model: catalog.catalogue().check(model),
            lambda: catalog.catalogue().resolve(None),
            lambda model: catalog.catalogue().wait(model),
        )

        def on_session_ended(session_id: str, **rest: Any) -> None:
            CONTROL.publish(f"session:{session_id}", {"type": "ended", "session_id": session_id})

        def on_owner_revoked(owner: str, **rest: Any) -> None:
            CONTROL.publish(f"owner:{owner}", {"type": "doubt"})

        def on_catalogue_changed(**rest: Any) -> None:
            catalog.forget()

        def on_quotas_changed(**rest: Any) -> None:
            quotas.forget()

        signals.session_ended.connect(on_session_ended, weak=False, dispatch_uid="chat.session_ended")
        signals.owner_revoked.connect(on_owner_revoked, weak=False, dispatch_uid="chat.owner_revoked")
        for model in (ModelConfig, Fallback):
            post_save.connect(
                on_catalogue_changed, sender=model, weak=False, dispatch_uid=f"chat.saved.{model}"
            )
            post_delete.connect(
                on_catalogue_changed, sender=model, weak=False, dispatch_uid=f"chat.deleted.{model}"
            )
        for name, signal in (("saved", post_save), ("deleted", post_delete)):
            signal.connect(on_quotas_changed, sender=Quota, weak=False, dispatch_uid=f"chat.quota_{name}")
