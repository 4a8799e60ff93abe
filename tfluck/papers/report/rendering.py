"""From values to a page: templates that escape whatever they are given, pictures inside."""

import base64
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from tfluck.foundations.errors import TfluckError
from tfluck.foundations.files import make_directory, write_atomic
from tfluck.runs.provenance import provenance

#: Bytes of a page that mail still carries.
LARGEST = 15_000_000
#: What a browser may load for a page: what stands in it. Nothing is asked for elsewhere.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)


@dataclass(frozen=True)
class Picture:
    """A PNG inside a page.

    Attributes:
        source: its bytes as a data URI.
        alt: what it shows, for those who do not see it.
        width, height: in pixels.
    """

    source: str
    alt: str
    width: int
    height: int

    @classmethod
    def of(cls, raw: bytes, alt: str) -> "Picture":
        """Put the bytes of a PNG into a page."""
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as opened:
            width, height = opened.size
        source = f"data:image/png;base64,{base64.b64encode(raw).decode()}"
        return cls(source, alt, width, height)


def number(value: Any) -> str:
    """Show a number with four significant digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return str(value)


def anchor(*words: object) -> str:
    """Return a name that a link can lead to."""
    return re.sub(r"[^\w]+", "-", " ".join(map(str, words))).strip("-")


def quoted(text: object) -> Markup:
    """Show `commands` in a sentence as such; all of it is escaped first."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("tfluck.papers.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "anchor": anchor, "quoted": quoted}
    return made


def render(template: str, **values: Any) -> str:
    """Fill a template; every text in ``values`` is shown as text."""
    return _environment().get_template(template).render(policy=POLICY, **values)


def surroundings() -> dict[str, Any]:
    """Return versions and machine; not when, for that would change every page."""
    told = provenance()
    del told["created"]
    return told


def write_page(path: Path, text: str) -> int:
    """Write a page and return its size in bytes.

    Raises:
        TfluckError: it is too large to be sent, or cannot be written.
    """
    raw = text.encode()
    if len(raw) > LARGEST:
        raise TfluckError(
            f"The page would have {len(raw) / 1e6:.1f} MB, and at most "
            f"{LARGEST / 1e6:.0f} can be sent; leave pictures out."
        )
    make_directory(path.parent)
    write_atomic(path, lambda stream: stream.write(raw))
    return len(raw)
