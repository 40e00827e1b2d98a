"""The paths of this app. The bases of the examples (`/sessions`, `/{model}/sessions`) are the same view."""

from __future__ import annotations

from django.urls import path

from .views.auth import RefreshView, RevokeView, TokenView
from .views.custom import CustomSessionView
from .views.sessions import (
    BaseSessionsView,
    CurrentSessionView,
    ModelSessionsView,
    RefreshSessionView,
    SessionsView,
    SessionView,
)

urlpatterns = [
    path("api/sessions", SessionsView.as_view(), name="sessions"),
    path("api/sessions/current", CurrentSessionView.as_view(), name="session-current"),
    path("api/sessions/current/refresh", RefreshSessionView.as_view(), name="session-refresh"),
    path("api/sessions/<str:session>", SessionView.as_view(), name="session"),
    path("api/custom/session", CustomSessionView.as_view(), name="custom-session"),
    path("api/auth/token", TokenView.as_view(), name="auth-token"),
    path("api/auth/refresh", RefreshView.as_view(), name="auth-refresh"),
    path("api/auth/revoke", RevokeView.as_view(), name="auth-revoke"),
    path("sessions", BaseSessionsView.as_view(), name="base-sessions"),
    path("<str:model>/sessions", ModelSessionsView.as_view(), name="model-sessions"),
]
