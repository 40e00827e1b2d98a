"""The environment, typed: every variable that an operator may set, its default and what makes it wrong.

Only reading and checking live here; what a value does is `settings.py`'s business. The process environment wins over `.env`,
and any variable may be read from a file that `NAME_FILE` names (Docker and Kubernetes secrets). A bad value ends the start
with one line that names the variable.
"""

from __future__ import annotations

import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]


class BadEnvironment(Exception):
    """A variable is missing or wrong; the text is one line that names it."""


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    whole = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.netloc or value.rstrip("/") != whole:
        raise ValueError(f"{value!r} is not an origin such as https://chat.example.com")
    return whole.lower()


def _pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=")[::2] for part in _split(value)]
    names = [name.strip() for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"names {name!r} twice")
    return {name.strip(): path.strip() for name, path in pairs}


def _dotted(value: str) -> str:
    if value.count(".") < 1 or not all(part.isidentifier() for part in value.split(".")):
        raise ValueError(f"{value!r} is not the dotted path of a callable, such as package.module.function")
    return value


def _network(value: Any) -> Any:
    return ip_network(value, strict=False) if isinstance(value, str) else value


def _database(value: str) -> str:
    if value and urlsplit(value).scheme not in ("sqlite", "postgres", "postgresql"):
        raise ValueError("is neither sqlite:///path nor postgres://user:password@host/name")
    return value


def _redis(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("is not a URL such as redis://127.0.0.1:6379/0")
    return value


def _http(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an http(s) URL")
    return value.rstrip("/")


def _fernet(value: SecretStr) -> SecretStr:
    try:
        Fernet(value.get_secret_value())
    except ValueError:
        raise ValueError("holds something that is no Fernet key (32 bytes in URL-safe base64)") from None
    return value


Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], NoDecode, BeforeValidator(_split)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Paths = Annotated[dict[Name, Annotated[str, AfterValidator(_dotted)]], NoDecode, BeforeValidator(_pairs)]
Networks = Annotated[list[Network], NoDecode, BeforeValidator(_split)]
Keys = Annotated[list[Annotated[SecretStr, AfterValidator(_fernet)]], NoDecode, BeforeValidator(_split)]
Url = Annotated[str, AfterValidator(_http)]
NO_SECRET = SecretStr("")


class Env(BaseSettings):
    """Each variable by its own name. Lists are comma-separated; an empty value counts as absent."""

    model_config = SettingsConfigDict(case_sensitive=True, env_ignore_empty=True, extra="ignore")

    SECRET_KEY: SecretStr = NO_SECRET
    DEBUG: bool = False
    ALLOWED_HOSTS: Words = LOOPBACK_HOSTS
    CSRF_TRUSTED_ORIGINS: Origins = []
    CORS_ALLOWED_ORIGINS: Origins = []
    TRUSTED_PROXIES: Networks = []
    DATA_DIR: Path = BASE_DIR / "data"
    DATABASE_URL: Annotated[str, AfterValidator(_database)] = ""
    REDIS_URL: Annotated[str, AfterValidator(_redis)] | None = None
    BACKEND_KEY: SecretStr = NO_SECRET
    ENCRYPTION_KEYS: Keys = []
    ALLOW_GUESTS: bool = False
    SESSION_TTL: int = Field(3600, ge=60, le=30 * 86400)
    ALLOWED_PRIVATE_HOSTS: Words = []
    OPENAI_API_KEY: SecretStr = NO_SECRET
    OPENAI_BASE_URL: Url = "https://api.openai.com/v1"
    CHAT_RESPONDERS: Paths = {}
    CHATKIT_DOMAIN_KEY: str = ""
    CHATKIT_WORKFLOW_ID: str = ""
    CHATKIT_ON_DISCONNECT: Literal["grace", "cancel", "finish"] = "grace"
    CHATKIT_GRACE: float = Field(10, ge=0, le=3600)
    TITLE_MODEL: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] | None = None
    TRANSCRIPTION_MODEL: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] | None = None
    MAX_ATTACHMENT: int = Field(20 * 1_048_576, ge=1, le=512 * 1_048_576)
    JWT_ALGORITHM: Literal["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA"] = "RS256"
    JWT_JWKS_URL: Url | None = None
    JWT_ISSUER: str = ""
    JWT_AUDIENCE: str = ""
    JWT_REALM: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "jwt"
    HOST: str = "127.0.0.1"
    PORT: int = Field(8000, ge=1, le=65535)
    WORKERS: int = Field(1, ge=1, le=256)
    DRAIN_SECONDS: float = Field(20, ge=0, le=3600)
    LEASE_SECONDS: float = Field(10, ge=2, le=600)
    METRICS_TOKEN: SecretStr = NO_SECRET
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @model_validator(mode="after")
    def _defaults_that_follow_others(self) -> Env:
        if "ALLOW_GUESTS" not in self.model_fields_set:
            self.ALLOW_GUESTS = self.DEBUG
        if not self.DATABASE_URL:
            self.DATABASE_URL = f"sqlite:///{self.DATA_DIR.resolve() / 'db.sqlite3'}"
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        lines = dict(getattr(dotenv_settings, "env_vars", {}))
        process = _Files(settings_cls, dict(os.environ))
        return init_settings, env_settings, process, dotenv_settings, _Files(settings_cls, lines)


class _Files(PydanticBaseSettingsSource):
    """`NAME_FILE=/path`: the value is what the file holds, without the newline at its end."""

    def __init__(self, settings_cls: type[BaseSettings], variables: dict[str, str | None]) -> None:
        super().__init__(settings_cls)
        self.variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self.variables.get(f"{field_name}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text().rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise BadEnvironment(f"{field_name}_FILE: cannot read {path}: {reason}") from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value}


def load(env_file: Path | str | None = None) -> Env:
    """The checked environment. Raises BadEnvironment, whose text is one line that names the variable."""
    try:
        env = Env(_env_file=env_file)
    except ValidationError as error:
        raise BadEnvironment(_one_line(error)) from None
    if not env.SECRET_KEY.get_secret_value():
        raise BadEnvironment("SECRET_KEY is not set: run `make install`, or set it")
    if bool(env.JWT_JWKS_URL) != bool(env.JWT_ISSUER):
        raise BadEnvironment(
            f"{'JWT_ISSUER' if env.JWT_JWKS_URL else 'JWT_JWKS_URL'} is not set: an outside issuer needs both"
        )
    return env


def load_or_exit() -> Env:
    """`load` for a start: the `.env` of the project, or the file that CHATBACKEND_ENV_FILE names (empty: none)."""
    name = os.environ.get("CHATBACKEND_ENV_FILE", str(BASE_DIR / ".env"))
    try:
        return load(name or None)
    except BadEnvironment as error:
        _stop(str(error))


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "environment"
    return f"{name}: {first['msg'].removeprefix('Value error, ')}"


def _stop(line: str) -> NoReturn:
    sys.stderr.write(f"chatbackend cannot start. {line}\n")
    raise SystemExit(2)


__all__ = ["BASE_DIR", "BadEnvironment", "Env", "load", "load_or_exit"]
