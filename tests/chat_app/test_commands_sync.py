"""`manage.py sync_models`: a file becomes the catalogue, all of it or nothing, and what changed is told without a key."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from chat_app.chat import modelfile
from chat_app.models import Fallback, ModelConfig
from tests.parts import BASE_DIR

pytestmark = pytest.mark.django_db

KEY = "sk-tests-only-abcdefghijkl-WXYZ"
CONTRACT = """
[models.llama]                       # the id; a key left out keeps its default
label = "LLaMA (Quality)"
description = "Higher quality, slower"
provider = "openai"                  # a kind of the registry
base_url = "http://127.0.0.1:8080/v1"
model = "llama-3.1-8b"               # the upstream's name for it
api_key_env = "LLAMA_KEY"            # or api_key = "..."
fallbacks = ["openai", "demo"]       # ids, in order
default = true
timeouts = {connect = 5, first_token = 20, idle = 30, total = 600}   # seconds
concurrency = 64
"""
Sync = Callable[..., str]


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    """`sync(text, "--check")`: what the command prints for a file of this text."""

    def run(text: str, *options: str) -> str:
        path, out = tmp_path / "models.toml", StringIO()
        path.write_text(text)
        call_command("sync_models", str(path), *options, stdout=out)
        return out.getvalue()

    return run


def refusal(sync: Sync, text: str) -> list[str]:
    """The lines of what is wrong with a file; nothing may have been written."""
    before = list(ModelConfig.objects.values())
    with pytest.raises(CommandError) as error:
        sync(text)
    assert list(ModelConfig.objects.values()) == before
    return str(error.value).split("\n")[1:]


def model(row: str, **columns: object) -> None:
    ModelConfig.objects.create(**{"id": row, "label": row, "provider": "demo", **columns})


def test_file_of_the_contract_is_taken_as_shown(sync: Sync) -> None:
    sync(CONTRACT)
    row = ModelConfig.objects.get(pk="llama")
    assert (row.label, row.provider, row.base_url) == (
        "LLaMA (Quality)",
        "openai",
        "http://127.0.0.1:8080/v1",
    )
    assert (row.model, row.api_key_env, row.default, row.concurrency) == (
        "llama-3.1-8b",
        "LLAMA_KEY",
        True,
        64,
    )
    assert (row.timeout_connect, row.timeout_first_token, row.timeout_total) == (5, 20, 600)
    assert list(row.fallback_rows.values_list("to_id", "position")) == [("openai", 1), ("demo", 2)]


def test_second_sync_changes_nothing(sync: Sync) -> None:
    sync(CONTRACT)
    before = list(ModelConfig.objects.order_by("pk").values())
    told = sync(CONTRACT)
    assert "unchanged  llama" in told
    assert "0 of 1 models changed." in told
    assert list(ModelConfig.objects.order_by("pk").values()) == before


def test_what_changed_is_told_line_by_line(sync: Sync) -> None:
    sync(CONTRACT)
    told = sync(CONTRACT.replace("first_token = 20", "first_token = 9").replace('"openai", "demo"', '"demo"'))
    assert told.splitlines()[:2] == [
        "changed    llama  timeouts.first_token: 20 -> 9",
        "changed    llama  fallbacks: openai, demo -> demo",
    ]


def test_key_that_was_left_out_goes_back_to_its_default(sync: Sync) -> None:
    sync(CONTRACT + "price_in = 0.15\nguests = false\nreserve = 99")
    assert ModelConfig.objects.get(pk="llama").price_in == Decimal("0.15")
    sync(CONTRACT)
    row = ModelConfig.objects.get(pk="llama")
    assert (row.price_in, row.guests, row.reserve) == (Decimal(0), True, 1024)


def test_new_models_come_in_the_order_of_the_file_and_may_name_each_other(sync: Sync) -> None:
    told = sync('[models.z]\nprovider = "demo"\nfallbacks = ["a"]\n[models.a]\nprovider = "demo"')
    assert told.startswith("created    z\ncreated    a\n")
    assert ModelConfig.objects.get(pk="z").position < ModelConfig.objects.get(pk="a").position
    assert Fallback.objects.get(model="z").to_id == "a"


def test_default_moves_from_a_model_that_the_file_does_not_name(sync: Sync) -> None:
    model("old", default=True)
    told = sync('[models.new]\nprovider = "demo"\ndefault = true')
    assert "changed    old  default: true -> false" in told
    assert [row.pk for row in ModelConfig.objects.filter(default=True)] == ["new"]


def test_default_moves_between_models_of_the_file(sync: Sync) -> None:
    both = '[models.a]\nprovider = "demo"\ndefault = {}\n[models.b]\nprovider = "demo"\ndefault = {}'
    sync(both.format("true", "false"))
    sync(both.format("false", "true"))
    assert [row.pk for row in ModelConfig.objects.filter(default=True)] == ["b"]


def test_check_tells_the_same_writes_nothing_and_exits_with_1(
    sync: Sync, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(ModelConfig.objects.values())
    with pytest.raises(SystemExit, match="1"):
        sync(CONTRACT, "--check")
    assert list(ModelConfig.objects.values()) == before
    sync(CONTRACT)
    assert "0 of 1 models would change; nothing was written." in sync(CONTRACT, "--dry-run")


def test_prune_switches_off_what_the_file_does_not_name(sync: Sync) -> None:
    told = sync('[models.demo]\nprovider = "demo"', "--prune")
    assert "changed    gpt2" in told
    assert list(ModelConfig.objects.filter(enabled=True).values_list("pk", flat=True)) == ["demo"]
    assert "unchanged  demo" in sync('[models.demo]\nprovider = "demo"')
    assert not ModelConfig.objects.get(pk="gpt2").enabled


def test_key_is_stored_encrypted_and_never_told(sync: Sync) -> None:
    file = f'[models.m]\nprovider = "demo"\napi_key = "{KEY}"'
    told = sync(file)
    assert ModelConfig.objects.get(pk="m").api_key == KEY
    told += sync(file.replace(KEY, "another-key")) + sync(file)
    assert "api_key: set -> a new one" in told
    assert KEY not in told
    assert "another-key" not in told


def test_stored_key_stays_until_the_file_takes_it_away(sync: Sync) -> None:
    file = '[models.m]\nprovider = "demo"\n'
    model("m", api_key=KEY)
    sync(file)
    assert ModelConfig.objects.get(pk="m").api_key == KEY
    assert "api_key: set -> not set" in sync(file + 'api_key = ""')
    assert ModelConfig.objects.get(pk="m").api_key == ""


def test_unreadable_key_survives_and_can_be_replaced(sync: Sync, settings: object) -> None:
    model("m", api_key=KEY)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]  # type: ignore[attr-defined]
    sync('[models.m]\nprovider = "demo"\nlabel = "Renamed"')
    assert "api_key: unreadable -> a new one" in sync(f'[models.m]\nprovider = "demo"\napi_key = "{KEY}"')
    assert ModelConfig.objects.get(pk="m").api_key == KEY


def test_stored_key_does_not_follow_to_another_server(sync: Sync) -> None:
    model("m", provider="openai", base_url="https://a.example/v1", api_key=KEY)
    file = '[models.m]\nprovider = "openai"\nbase_url = "https://b.example/v1"\n'
    (problem,) = refusal(sync, file)
    assert "line 3: m.base_url: The base URL names another server" in problem
    sync(file + 'api_key = "another-key"')


def test_value_of_a_parameter_and_query_of_a_url_are_not_told(sync: Sync) -> None:
    model("m", base_url="https://a.example/v1?key=hidden-1")
    told = sync(
        '[models.m]\nprovider = "demo"\nbase_url = "https://a.example/v2?key=hidden-2"\nparameters = {token = "hidden-3"}'
    )
    assert '"https://a.example/v1?…" -> "https://a.example/v2?…"' in told
    assert "parameters: token" in told
    assert "hidden" not in told


def test_parameters_may_be_json_for_the_null_that_toml_has_not(sync: Sync) -> None:
    sync('[models.m]\nprovider = "demo"\nparameters = \'{"stream_options": null}\'')
    assert ModelConfig.objects.get(pk="m").parameters == {"stream_options": None}


def test_what_a_model_lacks_is_told(sync: Sync) -> None:
    assert "not ready  m  The base URL is missing" in sync('[models.m]\nprovider = "openai"')


WRONG = [
    ('provider = "gopher"', "m.provider: It must be one of"),
    ('label = "x"', "m.provider: It is missing"),
    ('provider = "demo"\ncolour = 1', "m.colour: There is no such key"),
    ('provider = "demo"\ncontext = "8192"', "m.context: It must be a whole number"),
    ('provider = "demo"\ncontext = true', "m.context: It must be a whole number"),
    ('provider = "demo"\nenabled = 1', "m.enabled: It must be true or false"),
    ('provider = "demo"\nprice_in = nan', "m.price_in: It must be a number"),
    ('provider = "demo"\nprice_in = -1', "m.price_in: A price is not negative"),
    ('provider = "demo"\nconcurrency = 0', "m.concurrency: At least one"),
    ('provider = "demo"\nreserve = 8192', "m.reserve: The reserve must leave room"),
    ('provider = "demo"\ntimeouts = {idle = 0}', "m.timeouts.idle: Ensure"),
    ('provider = "demo"\ntimeouts = {first = 1}', "m.timeouts.first: There is no such key"),
    ('provider = "demo"\nparameters = {at = 1979-05-27}', "m.parameters: Only what JSON has"),
    ('provider = "demo"\nparameters = {a = [{b = "\\u0000"}]}', "m.parameters: Only what JSON has"),
    ('provider = "demo"\nparameters = "temperature"', "m.parameters: It must be a table"),
    ("provider = \"demo\"\nparameters = '[1]'", "m.parameters: It must be a table"),
    ('provider = "demo"\nlabel = "a\\u0000b"', "m.label: It must not hold NUL"),
    ('provider = "demo"\nlabel = ""', "m.label: This field cannot be blank"),
    ('provider = "demo"\nfallbacks = [1]', "m.fallbacks: It must be a list of ids"),
    ('provider = "demo"\nfallbacks = ["demo", "demo"]', "m.fallbacks: A model is named twice"),
    ('provider = "demo"\nfallbacks = ["nobody"]', "m.fallbacks: There is no model “nobody”"),
    ('provider = "demo"\nfallbacks = ["m"]', "m.fallbacks: A model cannot be its own"),
    ('provider = "demo"\nbase_url = "ftp://a.example"', "m.base_url: The base URL must begin with http"),
    ('provider = "demo"\nbase_url = "http://10.0.0.1/v1"', "m.base_url: The address 10.0.0.1 is not public"),
    ('provider = "demo"\napi_key_env = "SECRET_KEY"', "m.api_key_env: This variable is a secret"),
    ('provider = "demo"\napi_key = "a\\nb"', "m.api_key: A key has only letters"),
    ('provider = "demo"\napi_key = "a"\napi_key_env = "M_KEY"', "m.api_key: Either a key or"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "problem"), WRONG, ids=[problem.split(" ")[0] for _, problem in WRONG])
def test_wrong_key_is_refused_by_its_name(sync: Sync, lines: str, problem: str) -> None:
    (told,) = refusal(sync, f"[models.m]\n{lines}")
    assert problem in told


def test_all_problems_are_told_at_once_with_their_lines(sync: Sync) -> None:
    file = '[models.a]\nprovider = "demo"\nsystem_prompt = """\ncontext = 1\n"""\ncontext = 1.5\n\n'
    file += '[models.b]\ndefault = 3\n[models."c d"]\nprovider = "demo"\n[models.b.parameters]\nx = nan\n'
    lines = [line.strip().split(":")[:2] for line in refusal(sync, file)]
    assert lines == [
        ["line 6", " a.context"],
        ["line 8", " b.provider"],
        ["line 9", " b.default"],
        ["line 10", " c d.id"],
        ["line 12", " b.parameters"],
    ]


def test_lines_of_a_long_file_are_found_without_reading_it_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = "".join(
        f'[models.m{n}]\nlabel = """\n[x]\ny = 1\n"""\nfallbacks = [\n"a"\n]\n' for n in range(200)
    )
    real, read = modelfile._is_whole, [0]

    def counted(text: str) -> bool:
        read[0] += len(text)
        return real(text)

    monkeypatch.setattr(modelfile, "_is_whole", counted)
    lines = modelfile.lines(file)
    assert [lines["m199", key] for key in ("", "label", "fallbacks")] == [1593, 1594, 1598]
    assert len(lines) == 600
    assert read[0] < 4 * len(file)


def test_two_defaults_are_refused(sync: Sync) -> None:
    file = '[models.a]\nprovider = "demo"\ndefault = true\n[models.b]\nprovider = "demo"\ndefault = true'
    (problem,) = refusal(sync, file)
    assert "line 6: b.default: There is one default, and a is it already." in problem


def test_fallbacks_in_a_circle_are_refused_with_the_way(sync: Sync) -> None:
    Fallback.objects.create(model_id="demo", to_id="gpt2")
    file = '[models.a]\nprovider = "demo"\nfallbacks = ["demo"]\n[models.gpt2]\nprovider = "demo"\nfallbacks = ["a"]'
    (problem,) = refusal(sync, file)
    assert "a → demo → gpt2 → a" in problem
    sync(file + '\n[models.demo]\nprovider = "demo"')


@pytest.mark.parametrize("text", ["", "[other.a]\nx = 1", "models = 3", "[models]"])
def test_file_without_models_is_refused(sync: Sync, text: str) -> None:
    assert "There is no model in it" in "".join(refusal(sync, text))


def test_file_that_cannot_be_read_is_one_line(sync: Sync, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff\xfe")
    for path, words in ((tmp_path / "none", "No such file"), (broken, "not text"), (tmp_path, "directory")):
        with pytest.raises(CommandError, match=words) as error:
            call_command("sync_models", str(path))
        assert "\n" not in str(error.value)
    with pytest.raises(CommandError, match="at line 1"):
        sync("[models.a\n")


def test_example_syncs_cleanly_on_a_fresh_installation() -> None:
    out = StringIO()
    call_command("sync_models", str(BASE_DIR / "examples" / "models.toml"), stdout=out)
    assert "changed    llama" in out.getvalue()
    assert ModelConfig.objects.get(default=True).pk == "llama"
    assert "demo    concurrency" not in out.getvalue()
