"""The project as an app of its own, for its system checks and nothing else."""

from django.apps import AppConfig


class ChatbackendConfig(AppConfig):
    name = "chatbackend"

    def ready(self) -> None:
        from chatbackend import checks  # noqa: F401 - importing registers them
