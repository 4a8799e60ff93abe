"""Every setting of a run as a table: ``python -m tfluck.experiment.table > docs/settings.md``."""

from collections.abc import Iterator

from tfluck.architectures import ARCHITECTURES
from tfluck.experiment.execution import execution_fields
from tfluck.experiment.experiment import SPECS, Experiment
from tfluck.experiment.fields import Field, fields_of
from tfluck.experiment.scales import DEFAULT_SCALE

HEADINGS = {
    "data": "Data",
    "network": "Networks",
    "start": "Start",
    "training": "Training",
    "watch": "Watching",
}


def default_text(field: Field) -> str:
    """Say what a setting is when nobody gives it, at the paper's scale."""
    if field.name == "teacher_widths":
        return ", ".join(
            f"{_text(about.defaults['teacher_widths'])} {name}"
            for name, about in ARCHITECTURES.items()
            if "teacher_widths" in about.defaults
        )
    return field.setting.default_text or _text(field.default)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rows(fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        if field.setting.hidden:
            continue
        names = " ".join(f"`{name}`" for name in field.names)
        text = " ".join(filter(None, [field.help, names]))
        text = text.replace("|", "\\|")
        yield f"| `--{field.option}` | {text} | {default_text(field)} |"


def settings_table() -> str:
    """Return the page of all settings, in Markdown."""
    tables = [(HEADINGS[part], fields_of(spec)) for part, spec in SPECS.items()]
    seed = fields_of(Experiment)
    tables += [
        ("Seed", seed),
        ("Execution: no part of what an experiment is", execution_fields()),
    ]
    lines = [
        "# Settings",
        "",
        "Options of `tfluck train` are keys of presets and of `tfluck.make_experiment`,",
        "there with underscores. Defaults are the paper's; `--scale`, which is",
        f"`{DEFAULT_SCALE}` unless said, shrinks widths, samples and epochs.",
        "Made by `python -m tfluck.experiment.table`.",
    ]
    for heading, fields in tables:
        lines += [
            "",
            f"## {heading}",
            "",
            "| option | meaning | default |",
            "|---|---|---|",
        ]
        lines += _rows(fields)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(settings_table(), end="")
