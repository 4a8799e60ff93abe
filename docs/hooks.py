"""What MkDocs shows and docs/ does not hold: pictures, the tutorial, help, formulas.

Formulas become MathML here, which browsers show without a script.
"""

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

from tfluck.cli.main import cli

#: What arithmatex leaves of a formula, within a line and on lines of its own.
INLINE = re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\\\[(.+?)\\\]</div>', re.DOTALL)
#: What Sphinx would make a link of.
ROLE = re.compile(r":(?:class|data|func|meth|mod):<code>~?(?:tfluck\.)?")
#: Letters in a line of help.
WIDTH = 88
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


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Add the help of commands; find pictures where the site has them."""
    if page.file.src_uri == "commands.md":
        markdown = "\n".join(
            [markdown, *_helps(click.Context(cli, info_name="tfluck"))]
        )
    return markdown.replace("](../assets/", "](assets/")


def _helps(context: click.Context) -> Iterator[str]:
    """Yield the help of a group's commands, each under its name."""
    group = context.command
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        below = command.make_context(name, [], context, resilient_parsing=True)
        below.terminal_width = below.max_content_width = WIDTH
        depth = "#" * len(below.command_path.split())
        yield f"\n{depth} {below.command_path}\n\n```text\n{below.get_help()}\n```\n"
        if isinstance(command, click.Group):
            yield from _helps(below)


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Turn formulas into MathML; in the table of contents they stand as they are typed."""
    for heading in _headings(page.toc):
        heading.title = re.sub(r"\\\((.+?)\\\)", r"\1", heading.title)
    content = ROLE.sub("<code>", content)
    content = INLINE.sub(lambda found: _mathml(found[1], "inline"), content)
    return BLOCK.sub(lambda found: _mathml(found[1], "block"), content)


def _headings(toc: Iterable[Any]) -> Iterator[Any]:
    for heading in toc:
        yield heading
        yield from _headings(heading.children)


def _mathml(formula: str, display: str) -> str:
    made: str = convert(html.unescape(formula).strip(), display=display)
    return made
