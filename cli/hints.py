"""What people type first, what they may mean, and what can be typed next."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import click

#: Words that are no command, and where what they ask for is.
WORDS = {
    "compare": "`tfluck analyze compare` compares two networks node by node.",
    "audit": "`tfluck theory audit` measures on a run what the theorems assume; "
    "`tfluck theory check` tries the theorems themselves.",
    "paper": "`tfluck presets list` names the papers' experiments; `tfluck theory check` "
    "tries what the papers state.",
    "teacher": "`tfluck pretrain` trains a teacher on labels; `tfluck train` draws one.",
    "plot": "`tfluck analyze correlation` and its sisters draw with --plot.",
    "list": "`tfluck runs list` and `tfluck data list`.",
    "show": "`tfluck runs show`.",
    "export": "`tfluck runs export`.",
    "rm": "`tfluck runs rm`.",
    "check": "`tfluck theory check` tries the paper's statements, `tfluck ad check` a "
    "determinant's sign.",
    "verify": "`tfluck data verify` reads an image set, `tfluck ad verify` a certificate.",
    "download": "`tfluck data prepare` with --download.",
    **{
        word: f"`tfluck analyze {word}`."
        for word in (
            "correlation",
            "rank",
            "modulation",
            "overlap",
            "weights",
            "bn-bias",
            "luck",
            "flatness",
        )
    },
}
#: Other words for a command, or for one of :data:`WORDS`, by where they are typed.
SAME = {
    "tfluck": {
        "claim": "verdict",
        "delete": "rm",
        "fig": "figure",
        "figures": "figure",
        "hessian": "flatness",
        "lottery": "ticket",
        "ls": "list",
        "luck": "rank",
        "papers": "paper",
        "preset": "presets",
        "pruning": "prune",
        "remove": "rm",
        "sharpness": "flatness",
        "teachers": "teacher",
        "theorem": "theory",
        "tickets": "ticket",
        "verdicts": "verdict",
    },
    "tfluck ad": {"figure": "surface", "plot": "surface", "verdict": "criteria"},
    "tfluck analyze": {"beta": "modulation", "luck": "rank", "matching": "correlation"},
    "tfluck data": {
        "check": "verify",
        "download": "prepare",
        "fetch": "prepare",
        "ls": "list",
    },
    "tfluck presets": {"ls": "list"},
    "tfluck runs": {"delete": "rm", "info": "show", "ls": "list", "remove": "rm"},
    "tfluck theory": {"theorem": "check", "verdict": "check"},
}
#: Options as others call them.
OPTIONS = {
    "--batchsize": "--batch-size",
    "--bn": "--batch-norm",
    "--bs": "--batch-size",
    "--data": "--dataset",
    "--figure": "--preset",
    "--hidden": "--teacher-widths",
    "--layers": "--teacher-widths",
    "--learning-rate": "--lr",
    "--model": "--arch",
    "--n-seeds": "--seeds",
    "--no-bias": "--teacher-bias",
    "--noise": "--student-init",
    "--output": "--out",
    "--output-dir": "--out",
    "--processes": "--jobs",
    "--repeats": "--seeds",
    "--students": "--seeds",
    "--wd": "--weight-decay",
    "--workers": "--jobs",
}


def command_hint(word: str, known: Iterable[str], path: str) -> str:
    """Say what ``word``, which is no command of ``path``, may have meant."""
    names = list(known)
    meant = SAME.get(path, {}).get(word, word)
    if meant in names:
        return _hint([meant])
    if path == "tfluck" and meant in WORDS:
        return f" {WORDS[meant]}"
    longer = [name for name in names if len(word) > 2 and name.startswith(word)]
    return _hint(longer or difflib.get_close_matches(word, names))


def option_hint(name: str, known: Iterable[str]) -> str:
    """Say which option ``name``, which is none of them, may have meant."""
    options = [option for option in known if option.startswith("--")]
    if OPTIONS.get(name) in options:
        return _hint([OPTIONS[name]])
    longer = sorted(option for option in options if name.strip("-") in option)
    return _hint(longer[:3] or difflib.get_close_matches(name, options))


def _hint(close: list[str]) -> str:
    return f" Did you mean {' or '.join(close)}?" if close else ""


def complete_run(context: click.Context, parameter: Any, begun: str) -> list[str]:
    """Return the names of runs that begin so."""
    folder = Path(context.params.get("out") or "runs")
    names = sorted(path.parent.name for path in folder.glob("*/manifest.json"))
    return [name for name in names if name.startswith(begun) and name[0] != "."]


def complete_preset(context: click.Context, parameter: Any, begun: str) -> list[str]:
    """Return the presets that begin so, or have it in their name."""
    from tfluck.experiment.presets import presets

    names = sorted(presets())
    return [name for name in names if name.startswith(begun)] or [
        name for name in names if begun in name
    ]
