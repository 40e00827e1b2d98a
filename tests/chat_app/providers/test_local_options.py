"""What a row may say to a local model: an allow-list with sentences for what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from chat_app.domain.errors import UpstreamRefused
from chat_app.providers.local.options import Options, problem, read


def test_nothing_said_is_the_defaults() -> None:
    assert read({}) == Options(max_new_tokens=256, sampling={}, device="auto", dtype="auto")


def test_sampling_is_kept_apart_from_the_rest() -> None:
    options = read(
        {"temperature": 0.5, "top_k": 5, "seed": 1, "max_new_tokens": 9, "stop": ["END"], "threads": 2}
    )
    assert options == Options(
        max_new_tokens=9, sampling={"temperature": 0.5, "top_k": 5}, seed=1, stop=("END",), threads=2
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_new_tokens", 0),
        ("max_new_tokens", 10.0),
        ("max_new_tokens", True),
        ("do_sample", 1),
        ("temperature", -1),
        ("temperature", "hot"),
        ("top_p", 0),
        ("top_p", 1.5),
        ("top_k", -1),
        ("repetition_penalty", 0),
        ("repetition_penalty", float("nan")),
        ("seed", -1),
        ("stop", "END"),
        ("stop", [""]),
        ("device", "cuda; rm"),
        ("device", "tpu"),
        ("dtype", "int8"),
        ("dtype", ["auto"]),
        ("threads", 0),
    ],
)
def test_bad_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UpstreamRefused, match=f"“{name}” of a local model must be"):
        read({name: value})


@pytest.mark.parametrize("name", ["trust_remote_code", "streamer", "logits_processor", "cache_dir", "self"])
def test_unknown_parameter_is_refused(name: str) -> None:
    assert f"no parameter “{name}”" in (problem({name: True}) or "")
