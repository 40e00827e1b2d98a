"""What the OpenAPI document says of this app: every path, every refusal, no warning."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    from sessions_app import urls

    GENERATOR_STATS.reset()
    document = SchemaGenerator(patterns=urls.urlpatterns).get_schema(request=None, public=True)
    warnings = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    assert not warnings
    return document["paths"]


STATUSES = {
    ("post", "/api/sessions"): {"201", "400", "401", "403", "413", "415", "503"},
    ("post", "/{model}/sessions"): {"201", "400", "401", "403", "413", "415", "503"},
    ("get", "/api/sessions/{session}"): {"200", "401", "403", "404", "503"},
    ("delete", "/api/sessions/current"): {"204", "401", "404", "503"},
    ("post", "/api/sessions/current/refresh"): {"200", "401", "404", "413", "503"},
    ("post", "/api/custom/session"): {"200", "400", "401", "403", "413", "415", "429", "503"},
    ("post", "/api/auth/token"): {"200", "400", "401", "413", "415", "429", "503"},
    ("post", "/api/auth/refresh"): {"200", "400", "401", "413", "415"},
    ("post", "/api/auth/revoke"): {"204", "400", "401", "413", "415"},
}


@pytest.mark.parametrize(("method", "path"), STATUSES)
def test_every_answer_is_documented(paths, method, path):
    assert set(paths[path][method]["responses"]) == STATUSES[method, path]


def test_issuing_needs_a_backend_key(paths):
    assert paths["/api/sessions"]["post"]["security"] == [{"bearer": []}]
    assert {} in paths["/api/custom/session"]["post"]["security"]


def test_operations_have_names_of_their_own(paths):
    names = [one["operationId"] for operations in paths.values() for one in operations.values()]
    assert len(names) == len(set(names))
