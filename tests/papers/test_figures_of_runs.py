"""Figures that are drawn from runs, and from weights that lie on this disk."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfluck.experiment.presets import Preset
from tfluck.foundations.errors import BadInput, Diverged, Interrupted
from tfluck.papers.figures import Scope, find_figure
from tfluck.papers.figures import runs as runs_module
from tfluck.papers.figures.biases import VGG16
from tfluck.papers.figures.curves import FIGURE_17, Cell, Curves
from tfluck.papers.figures.making import make_figure
from tfluck.papers.figures.runs import of_presets, table_of
from tfluck.papers.figures.top_down import MODULATION

#: Two small experiments under the names of figure 22's four.
TINY = {
    "dataset": "gaus", "arch": "fc", "teacher_widths": (3, 4), "multiplier": 2,
    "outputs": 5, "input_dim": 6, "epochs": 1, "samples_per_epoch": 64,
    "batch_size": 16, "eval_samples": 50, "chunk": 4, "jit": False, "seeds": 1,
}  # fmt: skip


def tiny_preset(name: str) -> Preset:
    norm = "none" if name.endswith("none") else "after-relu"
    teacher = "luck-matters/teacher-cifar10-fc" if "cifar10" in name else ""
    return Preset(name, (name,), TINY | {"batch_norm": norm}, teacher=teacher)


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scope]:
    """A folder of runs, and presets of no size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_module, "load_preset", tiny_preset)
        yield Scope("smoke", tmp_path_factory.mktemp("figures") / "runs")


@pytest.fixture(scope="module")
def made(scope: Scope, tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Figure 22 of four panels each of two runs."""
    folder = tmp_path_factory.mktemp("pictures")
    return make_figure(find_figure(22), scope, folder), folder


def test_a_figure_makes_its_runs_and_draws_their_rows(made: Any, scope: Scope) -> None:
    found, folder = made
    assert found.measured and found.seeds == (1,)
    assert [run["preset"] for run in found.runs] == list(find_figure(22).presets)
    assert len({run["digest"] for run in found.runs}) == 2
    assert "At this scale some panels show one and the same run." in found.notes
    assert {run["status"] for run in found.runs} == {"finished"}
    table = pd.read_csv(folder / "figure-22.csv")
    assert set(table.epoch) == {0, 1} and set(table.preset) == set(
        find_figure(22).presets
    )
    sources = of_presets(find_figure(22).presets, scope)
    rows = table_of(sources)
    assert len(rows) == len(table)
    np.testing.assert_allclose(table.value, rows.value.astype(float))
    manifest = sources[0].run.manifest
    assert (manifest["preset"], manifest["scale"]) == (found.runs[0]["preset"], "smoke")


def test_the_second_time_nothing_is_trained_and_no_byte_differs(
    made: Any, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, folder = made
    before = {path.name: path.read_bytes() for path in found.files}

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("tfluck.sweeps.train_run", refuse)
    again = make_figure(find_figure(22), scope, folder)
    assert not again.measured
    assert {path.name: path.read_bytes() for path in again.files} == before


def test_panels_show_the_curves_of_their_runs(made: Any) -> None:
    _, folder = made
    table = pd.read_csv(folder / "figure-22.csv")
    recipe: Any = find_figure(22).recipe()
    axes = recipe.draw(table).axes
    for axis, cell in zip(axes, recipe.cells, strict=True):
        rows = table[(table.preset == cell.name) & (table.metric == cell.metric)]
        drawn = [
            line for line in axis.lines if not line.get_label().startswith("_child")
        ]
        key = "split" if cell.metric == "loss" else "layer"
        assert len(drawn) == rows[key].nunique()
        shown = np.concatenate([line.get_ydata() for line in drawn])
        np.testing.assert_allclose(np.sort(shown), np.sort(rows.value))
    assert [axis.get_yscale() for axis in axes[:2]] == ["log", "linear"]


def test_an_interrupted_run_is_gone_on_with(
    scope: Scope, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, int]] = []
    apart = replace(scope, out=tmp_path, jobs=3)

    def stop(run: Any, report: Any, jobs: int) -> None:
        asked.append((run.name, jobs))
        raise Interrupted("Stopped.", 2)

    monkeypatch.setattr("tfluck.sweeps.train_run", stop)
    names = ("x/bn", "x/none")
    for _ in range(2):
        with pytest.raises(Interrupted):
            of_presets(names, apart)
    assert asked == [asked[0]] * 2 and asked[0][1] == 3

    def diverge(run: Any, report: Any, jobs: int) -> None:
        raise Diverged("Seed 1: the loss is not finite.", 3)

    said: list[str] = []
    monkeypatch.setattr("tfluck.sweeps.train_run", diverge)
    found = of_presets(names, replace(apart, tell=said.append))
    assert len(found) == 2 and sum("not finite" in line for line in said) == 2
    assert all(" new." in end for end in runs_module.endings(found))


def test_without_its_teacher_a_figure_says_how_to_get_one(scope: Scope) -> None:
    with pytest.raises(BadInput) as refused:
        of_presets(["luck-matters/figure-8-cifar10-fc"], scope)
    sentence = str(refused.value)
    assert "needs gaus and a teacher trained on it" in sentence
    assert "--preset luck-matters/teacher-cifar10-fc --scale smoke" in sentence
    assert f"--out {scope.out} --name teacher-cifar10-fc-smoke" in sentence


def test_the_half_that_needs_a_teacher_is_left_out(scope: Scope, tf: Any) -> None:
    kinds = [("17-fc", "loss"), ("17-cifar10-fc", "loss")]
    recipe = Curves(
        (tuple(Cell(preset, metric, preset) for preset, metric in kinds),),
        optional=True,
    )
    sources = recipe.sources(scope)
    said: list[str] = []
    found = recipe.measure(replace(scope, tell=said.append), sources)
    assert [source.preset for source in sources] == ["luck-matters/figure-17-fc"]
    (left,) = [note for note in found.notes if note.startswith("Left out")]
    assert left.endswith("a trained teacher: figure-17-cifar10-fc.")
    assert ["figure-17-cifar10-fc needs" in line for line in said] == [True]
    drawn = [axis for axis in recipe.draw(found.table).axes if axis.get_visible()]
    assert [axis.get_title() for axis in drawn] == ["17-fc"]
    assert FIGURE_17.optional and len(FIGURE_17.cells) == 8


def test_figure_10_shows_what_the_instrument_finds(scope: Scope, tf: Any) -> None:
    from tfluck.instruments.analyzing import analyze

    sources = MODULATION.sources(scope)
    found = MODULATION.measure(scope, sources)
    exact = analyze(sources[0].run, "modulation")
    table = found.table
    assert found.seeds == (1,) and set(table["of"]) == {"H*", "β*", "ρ"}
    for at in exact.findings:
        when = "after" if at.epoch else "before"
        for layer, (matrices, _) in enumerate(at.result.panels()):
            cells = table[(table.when == when) & (table.layer == layer)]
            for name in ("H*", "β*"):
                values = cells[cells.of == name].value.to_numpy()
                np.testing.assert_array_equal(values, matrices[name].ravel())
    shown = [a for a in MODULATION.draw(table).axes if a.images]
    assert len(shown) == 2 * 2 * 2
    assert sum(note.startswith("Diagonal of") for note in found.notes) == 2


@pytest.fixture
def here(
    tmp_path: Path, write_vgg: Callable[[str, str], Path], monkeypatch: Any
) -> None:
    """Published weights where PyTorch keeps them, and no network."""
    for name in ("XDG_CACHE_HOME", "TORCH_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "TORCH_HOME" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    write_vgg("vgg16_bn", "zip").rename(folder / "vgg16_bn-6c64b313.pth")


@pytest.mark.usefixtures("here")
def test_figure_6_shows_the_weights_that_are_here(norms: Any) -> None:
    found = VGG16.measure(Scope("smoke"), ())
    biases = [v for key, v in norms("vgg16_bn").items() if key.endswith(".bias")]
    table = found.table
    assert list(dict.fromkeys(table.layer)) == [f"Conv{i}" for i in range(13)]
    assert sorted(table.bias) == sorted(map(float, np.concatenate(biases)))
    share = (table.bias < 0).mean()
    assert found.notes == (f"vgg16_bn: {share:.1%} of channels are negative.",)
    titles = [axis.get_title() for axis in VGG16.draw(table).axes[:13]]
    assert titles[0].startswith("Conv0: ") and titles[12].startswith("Conv12: ")


def test_other_weights_stand_in_and_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from tfluck.papers.figures import biases
    from tfluck.weightfiles import Unreachable

    asked: list[Any] = []

    def unreachable(models: Any, **_: Any) -> Any:
        asked.append(list(models))
        raise Unreachable("No network.")

    monkeypatch.setattr("tfluck.instruments.bn_bias.bn_bias", unreachable)
    monkeypatch.setattr(
        "tfluck.zoo.addresses.at_hand", lambda: ["vgg11_bn", "ResNet50"]
    )
    said: list[str] = []
    with pytest.raises(Unreachable):
        biases.VGG11.measure(Scope("smoke", tell=said.append), ())
    assert asked == [["vgg11_bn"], ["ResNet50"]]
    assert said == ["vgg11_bn cannot be had; ResNet50 stand in for it."]
    monkeypatch.setattr("tfluck.zoo.addresses.at_hand", lambda: ["vgg11_bn"])
    with pytest.raises(Unreachable, match="No network"):
        biases.VGG11.measure(Scope("smoke"), ())
