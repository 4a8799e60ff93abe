"""`tfluck analyze modulation`: who corrects whom from the top down (F10, M-diag)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.seeds import generator

from .analyze_common import (
    open_student,
    run_options,
    samples_option,
    save_plot,
)
from .options import click, talk
from .options import command as declare
from .output import emit_json, table
from .report import heading

if TYPE_CHECKING:
    from tfluck.analysis.modulation import LayerModulation
    from tfluck.figures.modulation import Panels
    from tfluck.runs import Run
    from tfluck.runs.correlations import Matrices

#: Inputs to average over. Every position of an image counts, so few images are enough.
SAMPLES, IMAGES = 192, 8
#: What is set against its permuted null, and its sign.
MATRICES = {"h_cross": "H*", "gated_cross": "E[Gβ*G]", "beta_cross": "β*"}


@dataclass(frozen=True)
class State:
    """One student at one epoch: its modulation, its correlations."""

    epoch: int
    layers: "list[LayerModulation]"
    matrices: "Matrices"


@declare(
    "tfluck analyze modulation gaus-fc",
    "tfluck analyze modulation gaus-fc --plot figure10.pdf",
    "tfluck analyze modulation gaus-fc --epoch 0 --ignore-batch-norm --json",
    name="modulation",
)
@run_options
@click.option(
    "--epoch",
    type=click.IntRange(0),
    help="0 or the last one: weights between are not kept.  [default: both]",
)
@samples_option("192, or 8 images")
@click.option(
    "--ignore-batch-norm",
    is_flag=True,
    help="Leave BatchNorm out of β and H, as the paper's own code does.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all matrices as .npz: epochE/layerL/ and one of beta_cross, h_cross, "
    "gated_cross, beta, h, gated.",
)
def command(
    run: str,
    seed: int | None,
    out: Path,
    plot: Path | None,
    as_json: bool,
    epoch: int | None,
    samples: int | None,
    ignore_batch_norm: bool,
    output: Path | None,
) -> None:
    """Average β*, H*, β and H over inputs, before and after the training of RUN.

    β*(x) = J_s(x)ᵀ J_t(x) with J the Jacobian of the outputs by a layer's nodes says how
    much a student node is told about each teacher node. H* = E[β*] ∘ D* is that of
    Eq. 6, with D* the chance that both are on; E[Gβ*G] counts, sample by sample, only
    where both are on, and is what the authors' code calls H. Students stand by the
    teacher node they match best: "diagonal" is the mean size of those pairs over that
    of all others, "hits" the share of students whose largest entry is their own teacher
    node, "null" the same with students permuted.
    """
    from tfluck.foundations.runtime import start_tensorflow
    from tfluck.runs.weights import kept_weights

    found, student = open_student(out, run, seed)
    epochs = sorted({0, found.experiment.training.epochs} if epoch is None else {epoch})
    for needed in epochs:
        kept_weights(found, student, needed)
    start_tensorflow()
    count = samples or (IMAGES if found.experiment.network.reads_images else SAMPLES)
    states = [_measure(found, student, e, count, ignore_batch_norm) for e in epochs]
    results = [
        {"epoch": state.epoch, "layers": dominance_rows(state)} for state in states
    ]
    if as_json:
        emit_json(
            {
                "run": str(found.layout.root),
                "seed": student,
                "samples": count,
                "batch_norm": "ignored" if ignore_batch_norm else "folded",
                "epochs": results,
            }
        )
    else:
        click.echo(table([line for result in results for line in _lines(result)]))
    if output is not None:
        _write(states, output)
    if plot is not None:
        from tfluck.figures.modulation import draw_modulation

        title = heading(found, student)
        save_plot(plot, lambda: draw_modulation([_picture(s) for s in states], title))


def _measure(run: "Run", seed: int, epoch: int, samples: int, ignore: bool) -> State:
    from tfluck.analysis.modulation import modulation
    from tfluck.networks.folding import relu_net
    from tfluck.runs.correlations import read_matrices
    from tfluck.training.loading import load_run_models

    models = load_run_models(run, seed, epoch)
    x = models.inputs(samples)
    talk(f"Epoch {epoch}: modulation over {len(x)} inputs.")
    layers = modulation(
        relu_net(models.student, ignore_batch_norm=ignore),
        relu_net(models.teacher, ignore_batch_norm=ignore),
        x,
    )
    return State(epoch, layers, read_matrices(run, seed, epoch))


def dominance_rows(state: State) -> list[dict[str, Any]]:
    """Return per layer how much the diagonals of H*, E[Gβ*G] and β* stand out."""
    from tfluck.analysis.dominance import dominance, matched

    rows = []
    layers = zip(state.layers, state.matrices.rho, state.matrices.live, strict=True)
    for index, (layer, rho, live) in enumerate(layers):
        row: dict[str, Any] = {
            "layer": index,
            "teacher_nodes": rho.shape[0],
            "live_teacher_nodes": int(live.sum()),
            "student_nodes": rho.shape[1],
        }
        for name in MATRICES:
            square = matched(getattr(layer, name), rho, live)
            random = generator(0, "permuted-null", index)
            row[name] = dominance(square, random).to_row()
        rows.append(row)
    return rows


def _lines(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "epoch": result["epoch"],
            "layer": row["layer"],
            "": name,
            "live": row["live_teacher_nodes"],
            "diagonal": row[key]["ratio"],
            "null diagonal": row[key]["null_ratio"],
            "p": row[key]["p_value"],
            "hits": row[key]["hits"],
            "null hits": row[key]["null_hits"],
        }
        for row in result["layers"]
        for key, name in MATRICES.items()
    ]


def _picture(state: State) -> "tuple[str, list[Panels]]":
    name = f"epoch {state.epoch}" if state.epoch else "before training"
    layers = zip(state.layers, state.matrices.rho, strict=True)
    return name, [
        ({sign: getattr(layer, key) for key, sign in MATRICES.items()}, rho)
        for layer, rho in layers
    ]


def _write(states: list[State], path: Path) -> None:
    from tfluck.foundations.files import make_directory, write_arrays

    make_directory(path.parent)
    arrays = {
        f"epoch{state.epoch}/layer{index}/{name}": matrix
        for state in states
        for index, layer in enumerate(state.layers)
        for name, matrix in vars(layer).items()
    }
    write_arrays(path, arrays)
    talk(f"Wrote {path}.")
