"""What MkDocs shows and docs/ does not hold: pictures, the tutorial as a page, formulas.

Formulas become MathML here, which browsers show without a script.
"""

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

#: What arithmatex leaves of a formula, within a line and on lines of its own.
INLINE = re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\\\[(.+?)\\\]</div>', re.DOTALL)
ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures, and the notebook with the outputs it was committed with."""
    for path in sorted((ROOT / "assets").rglob("*.png")):
        uri = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    text, kept = MarkdownExporter().from_filename(ROOT / "docs" / "tutorial.ipynb")
    for name, content in kept["outputs"].items():
        text = text.replace(f"]({name})", f"](tutorial/{name})")
        files.append(File.generated(config, f"tutorial/{name}", content=content))
    files.append(File.generated(config, "tutorial.md", content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Find the pictures where the site has them; on the page they lie beside docs/."""
    return markdown.replace("](../assets/", "](assets/")


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Turn formulas into MathML; in the table of contents they stand as they are typed."""
    for heading in _headings(page.toc):
        heading.title = re.sub(r"\\\((.+?)\\\)", r"\1", heading.title)
    content = INLINE.sub(lambda found: _mathml(found[1], "inline"), content)
    return BLOCK.sub(lambda found: _mathml(found[1], "block"), content)


def _headings(toc: Iterable[Any]) -> Iterator[Any]:
    for heading in toc:
        yield heading
        yield from _headings(heading.children)


def _mathml(formula: str, display: str) -> str:
    made: str = convert(html.unescape(formula).strip(), display=display)
    return made
