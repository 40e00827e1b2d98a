"""The project as an app of its own, for its system checks and nothing else."""

from django.apps import AppConfig


class ChatbackendConfig(AppConfig):
    name = "chatbackend"
