"""Claims and a preset that take a moment, and a process that is killed while it tries them.

``python -m papers.toy FOLDER MOMENT`` reproduces them in FOLDER, writes a line into its
diary as it begins a computation, a chunk of steps or a figure, and takes SIGKILL instead
of beginning its MOMENT-th thing.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfluck.papers import Paper
from tfluck.papers.claim import read_paper

PRESET = """
title = "Tiny"
[settings]
teacher_widths = [3, 4]
multiplier = 2
outputs = 5
input_dim = 6
epochs = 2
samples_per_epoch = 64
batch_size = 16
eval_samples = 50
chunk = 4
jit = false
"""
#: A claim that one check of the theory settles.
GATE = """
[[claims]]
id = "D1"
sentence = "It is its gate."
source = "s"
kind = "theory"
test = "t"
judged_at = ["smoke"]
refuted_by = "r"
vacuous_if = "v"
checks = ["D1.gate"]
"""
CLAIMS = """
paper = "luck-matters"
title = "made"
level = 0.05
seeds = {{ smoke = 1, laptop = 1, paper = 1 }}
[defaults.runs]
test = "t"
judged_at = ["laptop"]
refuted_by = "r"
vacuous_if = "v"
preset = "{preset}"
direction = "greater"
threshold = 0.0
[defaults.theory]
test = "t"
judged_at = ["smoke"]
refuted_by = "r"
vacuous_if = "v"
[[claims]]
id = "RUN"
sentence = "ρ̄ grows."
source = "s"
kind = "runs"
quantity = "mean_best_correlation_live"
value = "change"
[[claims]]
id = "RANK"
sentence = "r̄ falls."
source = "s"
kind = "runs"
quantity = "mean_rank"
value = "change"
direction = "less"
[[claims]]
id = "D1"
sentence = "It is its gate times its input."
source = "s"
kind = "theory"
checks = ["D1.gate"]
expect = "{expect}"
[[claims]]
id = "FEW"
sentence = "Few students share a node."
source = "s"
kind = "study"
study = "sharing"
metric = "participation"
direction = "less"
threshold = 3.0
preset = "{preset}"
test = "t"
judged_at = ["laptop"]
refuted_by = "r"
vacuous_if = "v"
[[claims]]
id = "LUCK"
sentence = "It is luck."
source = "s"
kind = "study"
study = "tickets"
options = {{ keep = 1 }}
metric = "random_minus_lucky"
direction = "greater"
threshold = 0.0
preset = "{preset}"
test = "t"
judged_at = ["laptop"]
refuted_by = "r"
vacuous_if = "v"
[[claims]]
id = "F8"
sentence = "On photographs too."
source = "s"
kind = "needs data"
data = "photographs"
metric = "m"
threshold = 0.0
test = "t"
judged_at = []
refuted_by = "r"
vacuous_if = "v"
"""
#: A second run, and a second computation.
MORE = """
[[claims]]
id = "WIDE"
sentence = "ρ̄ grows in wider students."
source = "s"
kind = "runs"
quantity = "mean_best_correlation_live"
value = "change"
[claims.settings]
multiplier = 3
[[claims]]
id = "T2"
sentence = "s."
source = "s"
kind = "theory"
checks = ["T2-b.top"]
"""


def made(
    tmp_path: Path, expect: str = "reproduced", more: str = "", studies: bool = True
) -> Paper:
    """Return the paper; its preset lies in the folder."""
    preset = tmp_path / "tiny.toml"
    preset.write_text(PRESET)
    text = CLAIMS.format(preset=preset, expect=expect) + more
    paper = read_paper(text, "made.toml")
    if studies:
        return paper
    return replace(paper, claims=tuple(c for c in paper.claims if c.kind != "study"))


def main(folder: Path, moment: int) -> None:
    """Reproduce the toy paper in ``folder``."""
    os.chdir(folder)
    from tfluck.cli import main as command
    from tfluck.papers import figures, gathering
    from tfluck.papers.figures import fall_off, making
    from tfluck.training.kernel import Kernel

    begun = 0

    def noted(function: Callable[..., Any], name: Callable[..., str]) -> Any:
        def called(*arguments: Any, **options: Any) -> Any:
            nonlocal begun
            begun += 1
            with Path("diary").open("a") as diary:
                diary.write(name(*arguments) + "\n")
            if begun == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return called

    gathering.perform = noted(
        gathering.perform, lambda task, root: f"compute {task.name}"
    )
    Kernel.advance = noted(  # type: ignore[method-assign]
        Kernel.advance,
        lambda kernel, chunk, batches: f"train {kernel.run.name} {chunk}",
    )
    making.make_figure = noted(making.make_figure, lambda one, *_: f"draw {one.name}")
    fall_off.SAMPLES["smoke"] = 500
    figures.FIGURES = (figures.find_figure(14),)
    import tfluck.papers

    paper = made(Path(), more=MORE, studies=False)
    tfluck.papers.load_paper = lambda name: paper  # type: ignore[assignment]
    command.main(
        [
            "verdict",
            "--paper",
            "luck-matters",
            "--scale",
            "smoke",
            "--jobs",
            "1",
            "--csv",
            "verdicts.csv",
            "--figures",
            "figures",
        ]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
