"""`tfluck analyze luck`: does the start tell the winners, and how early?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import click, json_option, out_option, run_argument, talk
from ..options import command as declare
from ..output import emit_json, table
from ..summaries import heading
from .common import plot_option, save_plot

if TYPE_CHECKING:
    from tfluck.analysis.intervals import Interval
    from tfluck.analysis.luck import LayerLuck
    from tfluck.theory.initial_match import ClosedForm


@declare(
    "tfluck analyze luck gaus-fc",
    "tfluck analyze luck gaus-fc --seed 2 --json",
    "tfluck analyze luck gaus-fc --plot luck.pdf",
    name="luck",
)
@run_argument
@click.option("--seed", type=int, help="One student alone.  [default: all of the run]")
@out_option
@plot_option
@json_option
def command(
    run: str, seed: int | None, out: Path, plot: Path | None, as_json: bool
) -> None:
    """Tell how far the start of RUN's students decides who wins.

    AUC is the chance that a teacher node's winner, its best student in the end, was
    better correlated with it before training than another student: ½ if the start says
    nothing. "shuffled" is where it lies for 95 % of shuffled students, "other node" is
    the winner's AUC for other teacher nodes, and "bits" what initial ranks in the other
    students tell of this one's winners, in bits a winner. "decided" is the median of the
    first epoch from which the winner stays the winner, and ±0.01 the same where it may
    be second by so little. Intervals are of 95 %, over live teacher nodes.
    """
    from tfluck.runs import resolve_run
    from tfluck.studies.luck_meter import run_luck

    found = resolve_run(out, run)
    if seed is not None and seed not in found.seeds:
        known = ", ".join(map(str, found.seeds))
        raise click.BadParameter(f"{found.name} has no student {seed}; it has {known}.")
    luck = run_luck(found, found.seeds if seed is None else (seed,), talk)
    rows = [layer and layer.to_row() for layer in luck.layers]
    closed = luck.closed_form
    if as_json:
        emit_json(
            {
                "run": str(found.layout.root),
                "seeds": luck.seeds,
                "epochs": luck.epochs,
                "layers": rows,
                "closed_form": closed and closed.to_row(),
                "no_closed_form": luck.why_not or None,
            }
        )
    else:
        click.echo(_text(luck.layers, closed, luck.why_not))
    if plot is not None:
        from tfluck.figures.luck import draw_luck

        title = heading(found, seed)
        save_plot(plot, lambda: draw_luck(luck.epochs, luck.layers, closed, title))


def _text(
    layers: "tuple[LayerLuck | None, ...]", closed: "ClosedForm | None", why_not: str
) -> str:
    known = [layer for layer in layers if layer is not None]
    last = f"Best initial ρ in layer 0: no closed form. {why_not}"
    if closed is not None:
        last = (
            f"best initial ρ in layer 0, {closed.counts[-1]} students: measured "
            f"{closed.measured[-1]:.4f}, closed form {closed.expected[-1]:.4f} ± "
            f"{closed.deviation[-1]:.4f} (z = {closed.z:+.2f})"
        )
    dead = [
        f"Layer {i} has no live teacher node." for i, x in enumerate(layers) if not x
    ]
    bands = "chance to win its teacher node, by initial rank (0 is best)\n"
    bands += table([_bands(layer) for layer in known])
    return "\n\n".join([table([_line(layer) for layer in known]), bands, last, *dead])


def _line(layer: "LayerLuck") -> dict[str, Any]:
    strict, near = layer.decision, layer.leading
    line: dict[str, Any] = {
        "layer": layer.layer,
        "nodes": f"{layer.teacher_nodes} of {layer.student_nodes}",
        "AUC": span(layer.auc),
        "shuffled": f"{layer.null_low:.3f} to {layer.null_high:.3f}",
        "other node": layer.auc_other_node,
        "bits": layer.bits,
        "decided at 0": span(strict.before_training),
        "decided": span(strict.median_epoch, "{:.3g}"),
        "±0.01": span(near.median_epoch, "{:.3g}"),
    }
    for shared in layer.sharing:
        line |= {f"shared > {shared.level}": shared.shared}
    return line


def _bands(layer: "LayerLuck") -> dict[str, Any]:
    from tfluck.analysis.prediction import EDGES

    rates = {band.high: band.rate for band in layer.calibration}
    line: dict[str, Any] = {"layer": layer.layer, "blind": layer.calibration[0].blind}
    line["best"] = rates.get(0.0)
    return line | {f"up to {edge:g}": rates.get(edge) for edge in EDGES[1:]}


def span(interval: "Interval", form: str = "{:.3f}") -> str:
    """Show a value and its interval, as far as it has one."""
    value, *ends = ("–" if end is None else form.format(end) for end in interval)
    return f"{value} ({ends[0]} to {ends[1]})"
