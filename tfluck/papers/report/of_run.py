"""The page of one run: its curves, matrices, fan-outs, β* and H*, settings and command."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfluck.experiment.execution import WHERE, execution_fields
from tfluck.experiment.experiment import SPECS, Experiment
from tfluck.experiment.fields import Field, fields_of
from tfluck.experiment.table import HEADINGS
from tfluck.experiment.wording import NULL, described
from tfluck.figures.style import panels, png
from tfluck.foundations.errors import TfluckError
from tfluck.instruments.analyzing import Analysis, analyze
from tfluck.instruments.loaded import LoadedRun
from tfluck.papers.report.again import command_of, option_text
from tfluck.papers.report.described import Line, spread
from tfluck.papers.report.frames import PALETTE, film
from tfluck.papers.report.rendering import Picture, render, surroundings
from tfluck.runs import summarize

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Look:
    """What an instrument shows of a run, or why it shows nothing.

    Attributes:
        command: that shows the same.
        pictures: (student, picture).
        lines: a table.
        why: there is nothing.
    """

    command: str
    pictures: tuple[tuple[int, Picture], ...] = ()
    lines: tuple[Line, ...] = ()
    why: str = ""


def run_page(loaded: LoadedRun) -> str:
    """Return the page of a run; what it does not allow is a sentence instead."""
    run, summary = loaded.run, summarize(loaded.run)
    layers = [_layer(layer) for layer in summary["layers"]]
    ends = ("initial_eval", "final_eval")
    loss = {end: spread(summary["loss"][end]) for end in ends}
    return render(
        "run.html",
        title=f"Run {run.name}",
        shown=described(run.experiment, run.manifest),
        correlation=shlex.join(["tfluck", "analyze", "correlation", run.name]),
        summary=summary,
        layers=layers,
        loss=loss,
        command_line=command_of(run),
        curves=_curves(loaded, layers, loss),
        film=film(loaded),
        gradient=", ".join(
            f"rgb({','.join(map(str, rgb))})" for rgb in PALETTE.tolist()
        ),
        weights=_look(loaded, "weights", _weights_in_words, all_seeds=True),
        modulation=_look(loaded, "modulation", _modulation_in_words),
        settings=list(_settings(loaded)),
        students=[_student(loaded, seed) for seed in loaded.seeds],
        made={k: v for k, v in run.manifest.items() if k != "seal"},
        surroundings=surroundings(),
    )


def _layer(layer: Line) -> Line:
    rho, rank = layer["mean_best_correlation_live"], layer["mean_rank"]
    return {
        "layer": layer["layer"],
        "teacher nodes": layer["teacher_nodes"],
        "live": spread(layer["live_teacher_nodes"]),
        "student nodes": layer["student_nodes"],
        "dead at the end": spread(layer["dead_student_nodes"]["final"]),
        "ρ̄ before": spread(rho["initial"]),
        "ρ̄ after": spread(rho["final"]),
        NULL: spread(layer["null_live"]),
        "winners' rank before": spread(rank["initial"]),
    }


def _curves(loaded: LoadedRun, layers: Sequence[Line], loss: Line) -> Look:
    """Draw what was recorded over epochs."""
    command = shlex.join(["tfluck", "runs", "export", loaded.run.name, "--to", "csv"])
    try:
        table = loaded.table()
    except TfluckError as error:
        return Look(command, why=str(error))
    if table.empty:
        return Look(command, why="Nothing was recorded yet.")
    said = [
        f"Layer {row['layer']}: ρ̄ from {row['ρ̄ before']} to {row['ρ̄ after']}."
        for row in layers
    ]
    said.append(f"Loss from {loss['initial_eval']} to {loss['final_eval']}.")
    alt = " ".join([f"Curves over epochs of {loaded.title()}.", *said])
    figure = _drawn(table, loaded.title(), bool(layers))
    return Look(command, ((loaded.seeds[0], Picture.of(png(figure), alt)),))


def _drawn(table: "pd.DataFrame", title: str, watched: bool) -> "Figure":
    """Draw the panels of a student, or those of a teacher that learned labels."""
    from tfluck.figures.training import draw_metric, draw_training

    if watched:
        return draw_training(table, title)
    figure, axes = panels(1, 2)
    for axis, metric in zip(axes[0], ("loss", "accuracy"), strict=True):
        draw_metric(axis, table, metric)
        axis.set_ylabel(metric)
    return figure


def _look(
    loaded: LoadedRun,
    name: str,
    in_words: Callable[[Analysis, int], str],
    **which: Any,
) -> Look:
    """Look at a run with an instrument, if it can be."""
    every = ["--all-seeds"] if which else []
    command = shlex.join(["tfluck", "analyze", name, loaded.run.name, *every])
    try:
        found = analyze(loaded, name, tell=loaded.tell, **which)
    except TfluckError as error:
        return Look(command, why=str(error))
    pictures = tuple(
        (seed, Picture.of(png(found.draw(seed)), in_words(found, seed)))
        for seed in found.seeds
    )
    return Look(command, pictures, tuple(found.lines()))


def _weights_in_words(found: Analysis, seed: int) -> str:
    head = f"Fan-out norm against best correlation of student {seed}, a panel a layer."
    rows = found.of(seed)[-1].result.rows()
    said = [
        f"Layer {row['layer']}: mean fan-out {_short(row['mean_fan_out_winners'])} of "
        f"winners, {_short(row['mean_fan_out_others'])} of others."
        for row in rows
    ]
    return " ".join([head, *said])


def _modulation_in_words(found: Analysis, seed: int) -> str:
    head = f"H*, E[Gβ*G] and β* of student {seed} as heat maps, a column a layer."
    said = [
        f"{line['']} of layer {line['layer']} at epoch {at.epoch}: the diagonal is "
        f"{_short(line['diagonal'])} times the rest."
        for at in found.of(seed)
        for line in at.result.lines()
    ]
    return " ".join([head, *said])


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _settings(loaded: LoadedRun) -> Iterator[tuple[str, list[Line]]]:
    """Yield every part of the settings: (name, lines)."""
    run = loaded.run
    values = run.experiment.settings() | run.execution.to_dict()
    parts: list[tuple[str, Sequence[Field]]] = [
        (HEADINGS[part], fields_of(spec)) for part, spec in SPECS.items()
    ]
    parts += [("Seed", fields_of(Experiment)), ("Execution", execution_fields())]
    for name, fields in parts:
        yield (
            name,
            [
                {
                    "setting": field.option,
                    "value": _text(field.name, values[field.name]),
                    "meaning": field.help,
                }
                for field in fields
                if _counts(field, values[field.name])
            ],
        )


def _counts(field: Field, value: Any) -> bool:
    """Leave out where data lie, and what no option sets and is as usual."""
    usual = field.setting.hidden and value == field.default
    return field.name not in WHERE and not usual


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value == () else option_text(name, value)


def _student(loaded: LoadedRun, seed: int) -> Line:
    said = loaded.run.seed_status(seed)
    return {
        "student": seed,
        "status": said.get("status", "new"),
        "steps": said.get("step", 0),
        "of": loaded.run.experiment.training.steps,
        "steps a second": said.get("steps_per_second"),
    }
