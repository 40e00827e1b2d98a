"""Django's settings, made of the typed environment. Reading variables is `env.py`'s business; nothing else reads os.environ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chatbackend import databases, logs
from chatbackend.env import BASE_DIR, load_or_exit

ENV = load_or_exit()

# --- the environment under its own names -----------------------------------------------------------------------------
DEBUG = ENV.DEBUG
SECRET_KEY = ENV.SECRET_KEY.get_secret_value()
ALLOWED_HOSTS = ENV.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = ENV.CSRF_TRUSTED_ORIGINS
CORS_ALLOWED_ORIGINS = ENV.CORS_ALLOWED_ORIGINS
TRUSTED_PROXIES = ENV.TRUSTED_PROXIES
DATA_DIR = ENV.DATA_DIR
DATABASE_URL = ENV.DATABASE_URL
REDIS_URL = ENV.REDIS_URL
BACKEND_KEY = ENV.BACKEND_KEY.get_secret_value()
ENCRYPTION_KEYS = [key.get_secret_value() for key in ENV.ENCRYPTION_KEYS]
ALLOW_GUESTS = ENV.ALLOW_GUESTS
SESSION_TTL = ENV.SESSION_TTL
ALLOWED_PRIVATE_HOSTS = ENV.ALLOWED_PRIVATE_HOSTS
OPENAI_API_KEY = ENV.OPENAI_API_KEY.get_secret_value()
OPENAI_BASE_URL = ENV.OPENAI_BASE_URL
# Python that answers turns itself: name -> dotted path or callable. Models of kind `python` name an entry.
CHAT_RESPONDERS: dict[str, Any] = dict(ENV.CHAT_RESPONDERS)
CHATKIT_DOMAIN_KEY = ENV.CHATKIT_DOMAIN_KEY
CHATKIT_WORKFLOW_ID = ENV.CHATKIT_WORKFLOW_ID
TRANSCRIPTION_MODEL = ENV.TRANSCRIPTION_MODEL
HOST = ENV.HOST
PORT = ENV.PORT
WORKERS = ENV.WORKERS
DRAIN_SECONDS = ENV.DRAIN_SECONDS
METRICS_TOKEN = ENV.METRICS_TOKEN.get_secret_value()

# --- limits ----------------------------------------------------------------------------------------------------------
# Bytes of a body, characters of a message, bytes of a WebSocket frame, frames a second.
CHAT: dict[str, Any] = {
    "MAX_BODY": 1_048_576,
    "MAX_MESSAGE": 100_000,
    "WS_FRAME": 1_048_576,
    "WS_RATE": 20,
    "LEASE_SECONDS": ENV.LEASE_SECONDS,
    "MAX_ATTACHMENT": ENV.MAX_ATTACHMENT,
    "MAX_AUDIO": 8 * 1_048_576,
    "CHATKIT_ON_DISCONNECT": ENV.CHATKIT_ON_DISCONNECT,
    "CHATKIT_GRACE": ENV.CHATKIT_GRACE,
    "TITLE_MODEL": ENV.TITLE_MODEL,
}
# Where a body may be as large as an attachment or a dictation, and its framing; and what pages of any origin may load.
UPLOAD_PATHS = r"/api/attachments(?:/[^/]+/upload)?|/chatkit"
OPEN_PATHS = r"/api/attachments/[^/]+/preview"
DATA_UPLOAD_MAX_MEMORY_SIZE = CHAT["MAX_BODY"]
# A body that Django sees is in memory before, and never larger than MAX_BODY: no temporary file for it.
FILE_UPLOAD_MAX_MEMORY_SIZE = CHAT["MAX_BODY"]

# --- applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",  # first: its runserver takes the place of Django's
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "chatbackend",
    "sessions_app",
    "chat_app",
]
# The full chain: admin, pages, documentation. API paths take the lean one, see handler.py.
MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "chatbackend.urls"
ASGI_APPLICATION = "chatbackend.asgi.application"
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- stores ----------------------------------------------------------------------------------------------------------
DATABASES = {"default": databases.database(DATABASE_URL)}
DB_THREADS = databases.threads(DATABASE_URL)
CHANNEL_LAYERS = {"default": databases.channel_layer(REDIS_URL)}
CACHES = {"default": databases.cache(REDIS_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    try:
        databases.make_folder(DATABASES["default"]["NAME"])
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL: cannot make its folder: {error.strerror}") from None

# --- who and how -----------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=60),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "CHECK_REVOKE_TOKEN": True,
}
# Tokens of an outside issuer are taken beside our own where one is named.
OUTSIDE_JWT = {
    "issuer": ENV.JWT_ISSUER,
    "realm": ENV.JWT_REALM,
    "audience": ENV.JWT_AUDIENCE,
    "jwks_url": ENV.JWT_JWKS_URL,
    "algorithms": [ENV.JWT_ALGORITHM],
}
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "chat_app.views.errors.handle",
    "DEFAULT_AUTHENTICATION_CLASSES": ["sessions_app.auth.PrincipalAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["chatbackend.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["chatbackend.json.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "chatbackend",
    "DESCRIPTION": "Sessions, chat, turns and threads. Streams and sockets are described in docs/api.md.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- pages -----------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "files"  # what people attach; served by the chat's own views alone
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- security: what a header can say is said by the edge, on every response ------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = False
SECURE_REFERRER_POLICY = None
SECURE_CROSS_ORIGIN_OPENER_POLICY = None

LOG_LEVEL = ENV.LOG_LEVEL
LOGGING = logs.config(debug=DEBUG, level=LOG_LEVEL)
