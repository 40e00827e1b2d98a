"""How the requirement's Markdown is read, on a text of our own: these need neither the requirement nor a server."""

from __future__ import annotations

import pytest

from tests.e2e.examples.requirement import python_of, read_blocks, route_of, typescript_of

TEXT = """# Title

## Example 1: One

```python
a = 1
```

### Page

```typescript
const one = 1;
```

### Proxy (/api/custom/session with routing)

```typescript
export async function POST(req: Request) {
}
```

## Example 2: Two

```typescript
const two = 2;
```
"""


def test_blocks_are_told_apart_by_example_and_language() -> None:
    blocks = read_blocks(TEXT)
    assert typescript_of(blocks, 1) == "const one = 1;\n\nexport async function POST(req: Request) {\n}\n"
    assert typescript_of(blocks, 2) == "const two = 2;\n"
    assert python_of(blocks, 1) == "a = 1\n"
    assert [block.part for block in blocks] == ["", "Page", "Proxy (/api/custom/session with routing)", ""]


def test_route_is_the_path_in_the_heading_of_the_handler() -> None:
    blocks = read_blocks(TEXT)
    assert (route_of(blocks, 1), route_of(blocks, 2)) == ("/api/custom/session", None)


def test_handler_under_a_heading_without_a_path_is_an_error() -> None:
    with pytest.raises(ValueError, match="no path"):
        route_of(read_blocks(TEXT.replace("(/api/custom/session with routing)", "")), 1)


def test_open_fence_is_an_error() -> None:
    with pytest.raises(ValueError, match="not closed"):
        read_blocks(TEXT + "\n```python\n")
