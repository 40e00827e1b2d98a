"""The tests' own foundations: the network is shut, and a missing part is named."""

from __future__ import annotations

import socket

import psycopg
import pytest
import redis

from tests import network, parts


def test_connecting_to_another_machine_fails_loudly():
    with socket.socket() as probe, pytest.raises(network.NetworkShut):
        probe.connect(("192.0.2.1", 80))


def test_resolving_an_outside_name_fails_loudly():
    with pytest.raises(network.NetworkShut):
        socket.create_connection(("example.com", 80))


def test_missing_part_skips_by_name(monkeypatch):
    monkeypatch.setitem(parts.PARTS, "teapot", lambda: "there is no teapot")
    monkeypatch.setattr(parts, "all_required", lambda: False)
    monkeypatch.setattr(parts, "ABSENT", {})
    with pytest.raises(pytest.skip.Exception, match="teapot: there is no teapot"):
        parts.require("teapot")
    assert parts.summary() == ["teapot: there is no teapot"]


def test_missing_part_fails_where_all_are_required(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setitem(parts.PARTS, "teapot", lambda: "there is no teapot")
    with pytest.raises(pytest.fail.Exception, match="teapot is required here"):
        parts.require("teapot")


def test_postgres_fixture_gives_an_empty_database(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_redis_fixture_answers(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
