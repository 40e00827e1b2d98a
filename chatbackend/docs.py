"""The API's documentation pages: OpenAPI and Swagger, without an outside host and without a script in the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from chatbackend.edge.headers import CSP

# Swagger's components set style attributes; scripts stay as strict as everywhere.
SWAGGER_CSP = CSP.decode().replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class Schema(SpectacularAPIView):
    """`/api/schema`: the OpenAPI document."""


class Docs(SpectacularSwaggerSplitView):
    """`/api/docs`: Swagger for people."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response["Content-Security-Policy"] = SWAGGER_CSP
        return response
