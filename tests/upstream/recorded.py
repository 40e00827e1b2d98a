"""What model servers said, byte for byte: the files in recordings/."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "recordings"


def recorded(name: str) -> tuple[bytes, str]:
    """The bytes of a recording and their media type; a stream of events unless the name ends in .json."""
    if name.endswith(".json"):
        return (FOLDER / name).read_bytes(), "application/json"
    return (FOLDER / f"{name}.sse").read_bytes(), "text/event-stream"
