"""`docs/without-openai.md` says of everything that the official types and the SDK name what becomes of it here, and what it
calls the same is in the element's code. That a name is read is no proof that it means the same; that none was forgotten it is.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from tests import parts
from tests.docs import named
from tests.docs.named import full, of, official, protocol, rows, widget_names

ELEMENT = parts.BASE_DIR / "chat_app" / "static" / "chat_app" / "chatkit"
COMMENTS = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
NO_READERS = ("options.js", "strings/", "icons/")  # they name everything, and use nothing
# What is read by way of something that holds it: the parts of a message are read where all messages are.
UNNAMED = {"freeform"}  # what is done with whatever has no name of its own
READ_IN = {
    "startScreen.prompts.prompt": "composer/content.js",
    "composer.attachments": "composer/filerules.js",
}
SHARED = (
    "styles",
    "values",
    "field",
    "children",
    "scope",
    "busy",
    "editable",
)  # what widgets of several types read by


@pytest.fixture(autouse=True)
def _needs() -> None:
    parts.require("typescript")


@cache
def code() -> dict[str, str]:
    """The element's modules without their comments, by their paths."""
    found = {str(path.relative_to(ELEMENT)): path.read_text() for path in ELEMENT.rglob("*.js")}
    return {name: COMMENTS.sub("", text) for name, text in found.items()}


def read_in(name: str, *files: str) -> bool:
    """Whether a property of this name is read in one of these modules: behind a dot, or by taking an object apart."""
    word = re.escape(name)
    apart = rf"(?<!\$)\{{[^{{}};()]*(?<![\w.]){word}(?!\w)[^{{}};()]*\}}"
    pattern = re.compile(rf"\.{word}\b(?!\()|{apart}")
    return any(pattern.search(code()[file]) for file in files)


def same(table: str) -> list[tuple[str, str]]:
    """(group, name) of all that a table calls the same."""
    return [(row.about, name) for row in of(table) if row.kind == "same" for name in row.names]


# Everything is on the page, once


def once(wanted: set[str], listed: list[str]) -> None:
    assert {"missing": wanted - set(listed), "unknown": set(listed) - wanted} == {
        "missing": set(),
        "unknown": set(),
    }
    assert [name for name, count in Counter(listed).items() if count > 1] == []


def test_every_row_says_how_it_is_here() -> None:
    assert len({row.kind for row in rows()}) == len(named.KINDS)


def test_every_option_is_listed() -> None:
    once(set(official()["options"]) - {"api"}, [path for row in of("option") for path in full(row)])


@pytest.mark.parametrize("table", ["method", "event"])
def test_every_method_and_event_is_listed_with_what_it_takes_and_tells(table: str) -> None:
    listed = {row.about: sorted(row.names) for row in of(table)}
    assert listed == official()[table + "s"]


def test_every_shape_is_listed() -> None:
    shapes = {name: [f for f in fields if "." not in f] for name, fields in official()["shapes"].items()}
    assert {row.about: sorted(row.names) for row in of("shape")} == shapes
    assert {row.about: sorted(row.names) for row in of("shape of widgets")} == official()["parts"]


def test_every_widget_and_property_is_listed() -> None:
    wanted = {f"{kind}.{name}" for kind, names in widget_names().items() for name in names - {"key", "id"}}
    once(wanted, [path for row in of("widget") for path in full(row)])


def test_all_of_the_protocol_is_listed() -> None:
    for table, wanted in protocol().items():
        listed = [row for row in rows() if table in (row.table, row.about)]
        once(wanted, [name for row in listed for name in row.names])


# What is called the same is in the code


@pytest.mark.parametrize(("group", "name"), same("option"))
def test_option_that_is_the_same_is_read(group: str, name: str) -> None:
    modules = [file for file in code() if not file.startswith(NO_READERS)]
    place = READ_IN.get(group)
    if place is not None:
        assert read_in(name, place) or any(
            read_in(name, file) and read_in("attachments", file) for file in modules
        )
        return
    around = group.rpartition(".")[2]
    assert any(read_in(name, file) and (not around or read_in(around, file)) for file in modules), name


def test_methods_are_on_the_element() -> None:
    body = code()["element.js"]
    absent = [row.about for row in of("method") if not re.search(rf"^  (?:async )?{row.about}\(", body, re.M)]
    assert absent == []


def test_parameters_of_methods_are_read() -> None:
    modules = [file for file in code() if not file.startswith(NO_READERS)]
    assert [name for _, name in same("method") if not read_in(name, *modules)] == []


def test_events_are_emitted() -> None:
    told = {name for text in code().values() for name in re.findall(r"\bemit\('([a-z.]+)'", text)}
    wanted = {row.about.removeprefix("chatkit.") for row in of("event")}
    assert wanted - told == set()
    assert told - wanted == {
        "message.sent",
        "thread.title",
    }  # what is ours besides, of which the page tells elsewhere


def homes() -> dict[str, tuple[str, ...]]:
    """The modules of each widget's type, by the imports and the table of `widgets/index.js`."""
    text = code()["widgets/index.js"]
    imports = re.findall(r"import \{ ([^}]+) \} from '\./([^']+)'", text)
    by_name = {name.strip(): f"widgets/{file}" for names, file in imports for name in names.split(",")}
    table = re.search(r"const TYPES = \{(.*?)\};", text, re.DOTALL)
    assert table is not None
    found = {name: (by_name[name],) for name in re.findall(r"\w+", table[1])}
    charts = tuple(file for file in code() if file.startswith("widgets/chart/"))
    cells = dict.fromkeys(("Table.Row", "Table.Cell"), found["Table"])
    return {**found, **cells, **dict.fromkeys(("Chart", "bar", "line", "area"), charts)}


def _with_neighbours(files: tuple[str, ...]) -> set[str]:
    """These modules of widgets, and those that they import beside them."""
    found = set(files)
    for file in files:
        found |= {f"widgets/{name}" for name in re.findall(r"from '(?:\./|\.\./)([a-z]+\.js)'", code()[file])}
    if "widgets/picker.js" in found:
        found.add("widgets/field.js")  # what a picker is made of
    return found & code().keys()


@pytest.mark.parametrize("kind", sorted({row.about for row in of("widget")}))
def test_properties_of_a_widget_that_are_the_same_are_read_by_its_view(kind: str) -> None:
    assert kind in homes()
    names = {name for about, name in same("widget") if about == kind}
    absent = {name for name in names if not read_in(name, *_with_neighbours(homes()[kind]))}
    assert absent == set()


def test_key_and_id_of_every_widget_are_read() -> None:
    assert all(read_in(name, "widgets/children.js") for name in ("key", "id"))


def test_fields_of_shapes_are_read() -> None:
    every = [file for file in code() if not file.startswith(NO_READERS)]
    own = [file for file in every if file.startswith("widgets/")]
    assert [name for _, name in same("shape") if not read_in(name, *every)] == []
    assert [name for _, name in same("shape of widgets") if not read_in(name, *own)] == []


def test_all_of_the_protocol_that_is_the_same_is_known_to_the_code() -> None:
    every = "".join(text for file, text in code().items() if not file.startswith(NO_READERS))
    tables = protocol().keys()
    listed = [row for row in rows() if row.table in tables or row.about in tables]
    absent = [
        name
        for row in listed
        for name in {*row.names} - UNNAMED
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", every)
    ]
    assert absent == []


def test_every_icon_has_a_drawing() -> None:
    text = code()["icons/names.js"]
    known = set(re.findall(r"^\s+'?([a-z0-9-]+)'?: '", text, re.MULTILINE)) | set(
        re.findall(r"[{,]\s*'?([a-z0-9-]+)'?: '", text)
    )
    wanted = {*official()["icons"], *official()["headerIcons"], *official()["widgetIcons"]}
    assert wanted - known == set()


def test_languages_on_the_page_are_those_that_are_spoken() -> None:
    spoken = [
        "en",
        *re.findall(r"^\s+'?([a-zA-Z0-9-]+)'?: \(\) => import\(", code()["locale.js"], re.MULTILINE),
    ]
    said = re.search(r"^Spoken are (.*?)\.\s", named.PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert said is not None
    assert sorted(named.CODE.findall(said[1])) == sorted(spoken)
    assert sorted(spoken) == sorted(["en", *official()["translated"]])
