"""The order of names that contain numbers."""

import re


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key under which ``features.4`` precedes ``features.11``."""
    parts = re.split(r"(\d+)", name)
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 19 else (1, 0, part)
        for part in parts
    )
