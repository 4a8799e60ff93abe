"""A paper of a few claims with its evidence, two small figures, and a run that ended."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pages import EVIL

from tfluck.experiment.presets import Preset
from tfluck.instruments.loaded import LoadedRun
from tfluck.papers import Paper
from tfluck.papers.claim import read_paper
from tfluck.papers.figures import Scope, curves, fall_off, find_figure
from tfluck.papers.figures import runs as runs_module
from tfluck.papers.gathering import carry_out, plan
from tfluck.papers.report import of_papers as page_module
from tfluck.papers.report import papers_page, run_page, write_page
from tfluck.runs import Run

TINY = {
    "dataset": "gaus", "arch": "fc", "teacher_widths": (3, 4), "multiplier": 2,
    "outputs": 5, "input_dim": 6, "epochs": 3, "samples_per_epoch": 64,
    "batch_size": 16, "eval_samples": 50, "chunk": 4, "jit": False, "seeds": 2,
}  # fmt: skip
HEAD = """
paper = "luck-matters"
title = "A paper, &c."
level = 0.05
seeds = { smoke = 2, laptop = 2, paper = 2 }
"""
CLAIM = """
[[claims]]
id = "{id}"
sentence = "{sentence}"
source = 'Section "3" <b>'
test = "t, by sign flips"
judged_at = [{judged}]
refuted_by = "a ρ̄ that falls"
vacuous_if = "v"
"""


def _claim(id: str, sentence: str, more: str, judged: str = '"smoke"') -> str:
    return CLAIM.format(id=id, sentence=sentence, judged=judged) + more


CLAIMS = HEAD + "".join(
    (
        _claim(
            "RUN",
            f"ρ̄ grows {EVIL}.",
            'kind = "runs"\npreset = "PRESET"\nquantity = "mean_best_correlation_live"\n'
            'value = "change"\ndirection = "greater"\nthreshold = 0.0\n',
        ),
        _claim("D1", "It is its gate.", 'kind = "theory"\nchecks = ["D1.gate"]\n'),
        _claim(
            "LATER",
            "It was never tried.",
            'kind = "theory"\nchecks = ["T1.dense"]\n',
        ),
        _claim(
            "F8",
            "On photographs.",
            'kind = "needs data"\ndata = "photographs"\nmetric = "m"\nthreshold = 0.0\n',
            "",
        ),
    )
)
PRESET = 'title = "Tiny"\n[settings]\n' + "".join(
    f"{name} = {str(list(v) if isinstance(v, tuple) else v).lower()}\n"
    for name, v in TINY.items()
    if not isinstance(v, str) and name != "seeds"
)


@pytest.fixture(scope="session")
def paper(tmp_path_factory: Any) -> Paper:
    preset = tmp_path_factory.mktemp("preset") / "tiny.toml"
    preset.write_text(PRESET)
    return read_paper(CLAIMS.replace("PRESET", str(preset)), "made.toml")


@pytest.fixture(scope="session")
def root(paper: Paper, tf: Any, tmp_path_factory: Any) -> Path:
    """A folder with the evidence of all claims but one."""
    folder: Path = tmp_path_factory.mktemp("report") / "runs"
    todo = plan([paper], "smoke", folder)
    todo = replace(todo, tasks=tuple(t for t in todo.tasks if t.name != "T1.dense"))
    carry_out(todo, folder, train_here)
    return folder


def train_here(run: Run) -> None:
    """Train in this process, which costs no other its start."""
    from tfluck.training.kernel import Kernel
    from tfluck.training.teachers import save_weights
    from tfluck.training.trainer import Trainer

    kernel = Kernel(run)
    save_weights(kernel.teacher, run.layout.teacher_weights)
    for seed in run.seeds:
        Trainer(run, seed, lambda step, note: None, kernel).train()


def shrunk(patch: pytest.MonkeyPatch, root: Path) -> Scope:
    """The run is figure 22's too, and figure 14 is measured in a moment."""
    chosen = (find_figure(14), find_figure(22))
    patch.setattr(page_module, "FIGURES", chosen)
    panel = curves.Cell("22-small-bn", curves.RHO, "one panel")
    patch.setattr(curves, "FIGURE_22", curves.Curves(((panel,),)))
    patch.setitem(fall_off.SAMPLES, "smoke", 500)
    patch.setattr(
        runs_module, "load_preset", lambda name: Preset(name, (name,), dict(TINY))
    )
    return Scope("smoke", root)


@pytest.fixture
def scope(root: Path, monkeypatch: pytest.MonkeyPatch) -> Scope:
    """Two figures of no size, and where the runs are."""
    return shrunk(monkeypatch, root)


@pytest.fixture(scope="session")
def ended(root: Path) -> Run:
    """The run behind the claims."""
    from tfluck.runs import list_runs

    (found,) = list_runs(root)
    assert found.run is not None and found.status == "finished"
    return found.run


@pytest.fixture(scope="session")
def run_text(ended: Run) -> str:
    """The page of that run."""
    return run_page(LoadedRun(ended))


@pytest.fixture(scope="session")
def written(paper: Paper, root: Path, run_text: str, tmp_path_factory: Any) -> Path:
    """Both pages on disk, ``of_papers.html`` and ``of_run.html``."""
    folder: Path = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        made = papers_page([paper], shrunk(patch, root), folder / "figures", "all")
    write_page(folder / "of_papers.html", made.text)
    write_page(folder / "of_run.html", run_text)
    return folder
