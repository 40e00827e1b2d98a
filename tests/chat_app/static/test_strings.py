"""The drop-in's words: every language has English's keys, with the same blanks to fill in, and the plural forms it needs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import parts
from tests.docs.named import official

HERE = Path(__file__).parent
STRINGS = parts.BASE_DIR / "chat_app" / "static" / "chat_app" / "chatkit" / "strings"
LOCALES = sorted(path.stem for path in STRINGS.glob("*.js"))
FORM = re.compile(r"\.(zero|one|two|few|many|other)$")
TAGS = {
    "zh": "zh-CN",
    "zh-Hant": "zh-TW",
    "zh-MO": "zh-HK",
    "zh-SG": "zh-CN",
    "es": "es-ES",
    "es-MX": "es-419",
    "pt": "pt-BR",
    "pt-AO": "pt-PT",
    "de-AT": "de-DE",
    "nn": "nb-NO",
    "en-GB": "en",
    "fil-PH": "tl",
    "kk-KZ": "kk",
    "pa-IN": "pa",
    "pa-PK": "ur",
    "sr-Latn-ME": "sr-RS",
    "xx": None,
    "constructor": None,
    "../strings/en": None,
    "": None,
}


def tell(tags: list[str]) -> dict[str, Any]:
    """What strings.mjs prints: all words by locale, and what each of these tags resolves to."""
    command = ["node", "--no-warnings", str(HERE / "strings.mjs"), json.dumps(tags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    parts.require("node")
    return tell(list(TAGS))


def blanks(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def plurals(words: dict[str, str]) -> set[str]:
    bases = {key.removesuffix(".other") for key in words if key.endswith(".other")}
    return {base for base in bases if f"{base}.one" in words}


def test_every_file_of_words_can_be_chosen(told: dict[str, Any]) -> None:
    assert sorted(told["found"]) == LOCALES
    assert {name: one["speaks"] for name, one in told["found"].items()} == {name: name for name in LOCALES}
    assert {name for name, one in told["found"].items() if one["dir"] == "rtl"} == {"ar", "ur"}


@pytest.mark.parametrize("locale", LOCALES)
def test_language_has_every_key_in_its_plural_forms_and_no_other(told: dict[str, Any], locale: str) -> None:
    english, one = told["found"]["en"]["words"], told["found"][locale]
    counted = plurals(english)
    wanted = {key for key in english if FORM.sub("", key) not in counted}
    wanted |= {f"{key}.{form}" for key in counted for form in one["forms"]}
    assert set(one["words"]) == wanted


@pytest.mark.parametrize("locale", LOCALES)
def test_language_has_the_same_blanks(told: dict[str, Any], locale: str) -> None:
    english, one = told["found"]["en"]["words"], told["found"][locale]
    for key, text in one["words"].items():
        wanted = blanks(english.get(key) or english[FORM.sub(".other", key)])
        # What stands for one number only, as for two in Arabic, may say it in a word.
        exempt = {"count"} if len(one["counts"].get(key.rsplit(".", 1)[1], [])) == 1 else set()
        assert wanted - exempt <= blanks(text) <= wanted, f"{locale} {key}: {text}"
        assert text.strip() == text != "", f"{locale} {key}"


@pytest.mark.parametrize("locale", LOCALES)
def test_language_is_written_in_its_own_letters(told: dict[str, Any], locale: str) -> None:
    assert told["found"][locale]["foreign"] == []


def test_a_file_over_another_says_only_what_differs(told: dict[str, Any]) -> None:
    found = told["found"]
    over = {name: one["base"] for name, one in found.items() if one["base"]}
    assert over == {"es-419": "es-ES", "fr-CA": "fr-FR", "pt-PT": "pt-BR", "zh-HK": "zh-TW"}
    for name, base in over.items():
        own, words = found[name]["own"], found[base]["words"]
        assert own, name
        assert not own.items() & words.items(), name
        assert found[name]["words"] == words | own, name


def test_tags_find_the_nearest_language(told: dict[str, Any]) -> None:
    assert told["resolved"] == TAGS


def test_every_locale_of_the_official_types_has_words() -> None:
    parts.require("node")
    parts.require("typescript")
    resolved = tell(official()["locales"])["resolved"]
    assert {tag: resolved[tag] for tag in official()["translated"]} == {
        tag: tag for tag in official()["translated"]
    }
    assert {tag: (name or "").split("-")[0] for tag, name in resolved.items()} == {
        tag: tag.split("-")[0] for tag in resolved
    }


def test_a_key_that_nobody_knows_is_given_back_and_told_of_once(told: dict[str, Any]) -> None:
    assert told["missing"] == ["no.such", "no.such", "constructor"]
    assert [line.rsplit(" ", 1)[-1] for line in told["said"]] == ["no.such", "constructor"]


def test_counts_take_the_form_of_their_language(told: dict[str, Any]) -> None:
    assert told["spoken"] == ["1 источник", "2 источника", "5 источников", "21 источник"]
