"""``tfluck prune``: which score knows the nodes that can go? (X7, X8)"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from ..analyze.common import open_run, plot_option, save_plot
from ..hints import complete_run
from ..options import FiniteFloat, click, json_option, out_option, talk
from ..options import command as declare
from ..output import emit_json
from ..summaries import heading
from .prune_subject import IMAGES, SAMPLES, subject_of_model, subject_of_run
from .prune_table import print_result

if TYPE_CHECKING:
    from tfluck.runs import Run
    from tfluck.studies.pruning import Curve, Subject

#: In the order of the tables; tfluck.analysis.scores says what each is.
NAMES = (
    "modulation",
    "fan-out",
    "fan-in",
    "activation",
    "taylor",
    "obd",
    "random",
    "truth",
    "oracle",
)


def _names(context: Any, parameter: Any, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if unknown := [name for name in names if name not in NAMES]:
        raise BadInput(
            f"There is no score {unknown[0]!r}; choose of {', '.join(NAMES)}."
        )
    return names


def _share(context: Any, parameter: Any, value: float | None) -> float | None:
    if value is not None and not 0 < value <= 1:
        raise BadInput(f"--keep takes a share above 0 and up to 1, not {value:g}.")
    return value


@declare(
    "tfluck prune demo --plot pruning.png",
    "tfluck prune demo --by fan-out,taylor,oracle --steps 500 --json",
    "tfluck prune model.keras --data test.npz --by taylor --keep 0.1 -o smaller.keras",
    name="prune",
)
@click.argument("what", metavar="RUN|MODEL.keras", shell_complete=complete_run)
@click.option(
    "--by",
    callback=_names,
    metavar="NAME,NAME,…",
    help=f"Scores: {', '.join(NAMES)}.  [default: all; modulation with -o]",
)
@click.option(
    "--keep",
    type=FiniteFloat(),
    callback=_share,
    metavar="SHARE",
    help="Keep this share of each layer's nodes.  [default: a curve]",
)
@click.option("--curve", is_flag=True, help="Go from all nodes to a twentieth.")
@click.option(
    "--steps",
    type=click.IntRange(1),
    metavar="K",
    help="Prune round by round too, with K steps of a RUN's training between.",
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.npz",
    help="For a MODEL: arrays x and y, classes or targets.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="SMALLER.keras",
    help="Write the network that is left, in plain Keras.",
)
@click.option("--seed", type=int, help="Which student.  [default: the run's first]")
@click.option(
    "--samples",
    type=click.IntRange(2),
    help="To choose by, the even ones, and to judge by, the odd.  [default: "
    f"{SAMPLES}, or {IMAGES} images; all of --data]",
)
@plot_option
@out_option
@json_option
def command(
    what: str,
    by: tuple[str, ...] | None,
    keep: float | None,
    curve: bool,
    steps: int | None,
    data: Path | None,
    output: Path | None,
    seed: int | None,
    samples: int | None,
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """Remove the nodes that a score says can go, and see what is left computing.

    Every layer keeps the same share. To remove a node is to hold what its ReLU gives at
    0; the constant that a BatchNorm behind it hands on then goes into the biases above.
    The oracle is the exact change of loss when a node alone is removed. Rank
    correlations are Spearman's, layer by layer, of each score with the oracle and of
    fan-out with obd, with 95 % intervals over resampled nodes. A MODEL is read without
    running code.
    """
    is_file = what.endswith(".keras")
    _check(is_file, data, steps, keep, curve, output, by)
    run, student = None, 0
    if not is_file:
        loaded = open_run(out, what, seed)
        run, student = loaded.run, loaded.student_seed(seed)
        subject = subject_of_run(run, student, samples)
    else:
        subject = subject_of_model(Path(what), data or Path(), samples)
    names = by or _defaults(is_file, output)
    result, found = _study(subject, names, keep, student, run, steps)
    if as_json:
        emit_json(_head(what, run, student, subject) | result)
    else:
        print_result(**result)
    if output is not None and keep is not None:
        _save(subject, found[names[0]], keep, output)
    if plot is not None:
        from tfluck.figures.pruning import draw_pruning

        title = Path(what).name if run is None else heading(run, student)
        save_plot(plot, lambda: draw_pruning(**result, title=title))


def _defaults(is_file: bool, output: Path | None) -> tuple[str, ...]:
    """Choose the scores where none are named."""
    if output is not None:
        return NAMES[:1]
    return tuple(name for name in NAMES if not is_file or name != "truth")


def _study(
    subject: "Subject",
    names: Sequence[str],
    keep: float | None,
    seed: int,
    run: "Run | None",
    steps: int | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Score, prune and judge; return what is printed and drawn, and the scores."""
    from tfluck.studies.pruning import SHARES, agreements, one_shot, score_all

    shares = SHARES if keep is None else tuple(dict.fromkeys((1.0, keep)))
    found = score_all(subject, names, seed)
    curves = one_shot(subject, found, shares)
    if steps is not None and run is not None:
        curves += _rounds(run, seed, steps, subject, names, shares)
    rows = [one.to_row() for one in curves]
    return {"agreement": agreements(found), "curves": rows}, found


def _check(
    is_file: bool,
    data: Path | None,
    steps: int | None,
    keep: float | None,
    curve: bool,
    output: Path | None,
    by: Sequence[str] | None,
) -> None:
    """Refuse what does not go together, before anything is loaded."""
    if is_file and data is None:
        raise BadInput(
            "A model needs samples to score its nodes: --data FILE.npz (x, y)."
        )
    if not is_file and data is not None:
        raise BadInput("--data belongs to a model; a run has its own.")
    if is_file and steps is not None:
        raise BadInput(
            "--steps belongs to a run: a model does not say how it is trained."
        )
    if is_file and by and "truth" in by:
        raise BadInput("The score truth needs a teacher, which a model has not.")
    if keep is not None and curve:
        raise BadInput("Choose one of --keep and --curve.")
    if output is None:
        return
    if keep is None or (by is not None and len(by) > 1):
        raise BadInput(
            "-o writes one network: give one --keep and one score with --by."
        )
    if output.suffix != ".keras":
        raise BadInput(f"A Keras model is written to a .keras file, not to {output}.")


def _rounds(
    run: "Run",
    seed: int,
    steps: int,
    subject: "Subject",
    names: Sequence[str],
    shares: Sequence[float],
) -> "list[Curve]":
    from tfluck.studies.pruning import Rounds

    rounds, curves = Rounds(run, seed, steps), []
    for name in names:
        talk(f"{name}: {len(shares) - 1} rounds of {steps} steps.")
        curves.append(rounds.curve(subject, name, shares))
    return curves


def _head(
    what: str, run: "Run | None", seed: int, subject: "Subject"
) -> dict[str, Any]:
    if run is None:
        return {"model": what, "samples": len(subject.x) + len(subject.judge_x)}
    samples = len(subject.x) + len(subject.judge_x)
    return {"run": str(run.layout.root), "seed": seed, "samples": samples}


def _save(subject: "Subject", found: Any, keep: float, path: Path) -> None:
    from tfluck.foundations.files import make_directory, replacing
    from tfluck.studies.pruning import smaller_model

    model, off = smaller_model(subject, found, keep)
    make_directory(path.parent)
    with replacing(path) as temporary:
        model.save(temporary)
    talk(
        f"Wrote {path}; its outputs are within {off:.1g} of the masked network's, "
        "relative to the largest."
    )
