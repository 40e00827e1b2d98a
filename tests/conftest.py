"""What every test stands on: an environment of its own, set before Django loads, and no network but loopback."""

from __future__ import annotations

import os
import tempfile

import django
from cryptography.fernet import Fernet

FOLDER = tempfile.mkdtemp(prefix="chatbackend-tests-")
os.environ.update(
    DJANGO_SETTINGS_MODULE="chatbackend.settings",
    CHATBACKEND_ENV_FILE="",
    DEBUG="1",
    SECRET_KEY="tests-only-" + "k" * 48,
    BACKEND_KEY="tests-only-backend-key-0123456789",
    ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    DATABASE_URL=os.environ.get("CHATBACKEND_TEST_DATABASE_URL", f"sqlite:///{FOLDER}/db.sqlite3"),
)
for name in (
    "REDIS_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "WORKERS",
    "ALLOWED_HOSTS",
    "CHATKIT_DOMAIN_KEY",
):
    os.environ.pop(name, None)

# Here, not in pyproject.toml: pytest-django reads the settings it is told of there before this file has set the environment.
django.setup()
