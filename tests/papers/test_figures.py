"""Figures of the papers: the list, the tables, and files that are the same twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfluck.experiment.presets import load_preset
from tfluck.foundations.errors import BadInput
from tfluck.papers.figures import (
    FIGURES,
    Measured,
    PaperFigure,
    Recipe,
    Scope,
    determinants,
    fall_off,
    find_figure,
    norms,
    overlaps,
    regions,
)
from tfluck.papers.figures import arrows as arrows_module
from tfluck.papers.figures import top_down as top_down_module
from tfluck.papers.figures.half_planes import EDGE, clipped
from tfluck.papers.figures.making import make_figure
from tfluck.papers.figures.plane import (
    OWN,
    inputs,
    kept,
    rows_of,
    student_of,
    teacher_of,
    train,
)
from tfluck.papers.figures.proof import PARTS, PROOF

SMOKE = Scope("smoke")
#: Figures that need neither runs nor weights, and take no second at these sizes.
COMPUTED = [
    one
    for one in FIGURES
    if one.kind != "runs" and not one.place.startswith(("biases", "proof"))
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make smoke smaller."""
    for table, value in (
        (regions.SIZES, {"samples": 64, "steps": 6, "repeats": 2}),
        (overlaps.SIZES, {"samples": 64, "steps": 3}),
        (top_down_module.STEPS, 20),
        (arrows_module.STEPS, (0, 3)),
        (determinants.POINTS, 7),
        (determinants.DRAWS, 40),
        (norms.BATCHES, 3),
        (norms.STEPS, (10, 1e-3)),
        (fall_off.SAMPLES, 500),
    ):
        monkeypatch.setitem(table, "smoke", value)  # type: ignore[arg-type]


def test_every_figure_of_both_papers_is_there() -> None:
    numbers = {paper: [] for paper in ("luck-matters", "alignment")}  # type: ignore[var-annotated]
    for one in FIGURES:
        numbers[one.paper].append(one.number)
        assert one.title and one.shows.endswith(".")
        assert isinstance(one.recipe(), Recipe), one.name
        assert bool(one.presets) == (one.kind == "runs")
    assert numbers == {
        "luck-matters": list(range(1, 24)),
        "alignment": list(range(1, 5)),
    }


@pytest.mark.parametrize(
    "figure", [f for f in FIGURES if f.presets], ids=lambda f: f.name
)
def test_a_figure_of_runs_names_the_presets_that_it_uses(figure: PaperFigure) -> None:
    recipe: Any = figure.recipe()
    used = set(getattr(recipe, "presets", ())) or {recipe.preset}
    assert used == set(figure.presets)
    for name in figure.presets:
        assert load_preset(name).title


def test_a_number_that_both_papers_have_needs_the_paper() -> None:
    assert find_figure(7).name == "luck-matters 7"
    assert find_figure(2, "alignment").name == "alignment 2"
    with pytest.raises(BadInput, match="luck-matters 2` or `tfluck figure alignment 2"):
        find_figure(2)
    for number, paper in ((24, None), (0, None), (5, "alignment")):
        with pytest.raises(BadInput, match="luck-matters 1 to 23 and alignment 1 to 4"):
            find_figure(number, paper)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("figure", COMPUTED, ids=lambda one: one.name)
def test_a_figure_is_drawn_from_its_table(figure: PaperFigure) -> None:
    """The table survives its own CSV, and the drawing needs nothing else."""
    recipe = figure.recipe()
    found = recipe.measure(SMOKE, ())
    assert len(found.table) and all(note.endswith(".") for note in found.notes)
    text = found.table.to_csv(index=False)
    from io import StringIO

    drawn = recipe.draw(pd.read_csv(StringIO(text)))
    assert len(drawn.get_axes()) >= 1
    drawn.canvas.draw()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count how often figure 14 is measured."""
    calls: list[str] = []
    whole = fall_off.Lemma4.measure

    def measure(self: Any, scope: Scope, sources: Any) -> Measured:
        calls.append(scope.scale)
        return whole(self, scope, sources)

    monkeypatch.setattr(fall_off.Lemma4, "measure", measure)
    return calls


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("small")
def test_twice_is_the_same_to_the_byte_and_measured_once(
    tmp_path: Path, counted: list[str]
) -> None:
    figure = find_figure(14)
    made = make_figure(figure, SMOKE, tmp_path / "a")
    first = held(tmp_path / "a")
    assert sorted(first) == [
        f"figure-14.{end}" for end in ("csv", "json", "pdf", "png")
    ]
    assert {path.name for path in made.files} == set(first) and made.measured
    again = make_figure(figure, SMOKE, tmp_path / "a")
    assert not again.measured and counted == ["smoke"]
    assert (again.seeds, again.notes) == (made.seeds, made.notes)
    assert held(tmp_path / "a") == first
    make_figure(figure, SMOKE, tmp_path / "b")
    assert held(tmp_path / "b") == first and len(counted) == 2
    assert b"CreationDate" not in first["figure-14.pdf"]


@pytest.mark.usefixtures("small")
def test_what_is_not_as_it_was_is_measured_anew(
    tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are another test's."""
    monkeypatch.setattr(
        "tfluck.papers.figures.making.save", lambda drawn, path, whole: path.touch()
    )
    figure, folder = find_figure(14), tmp_path
    monkeypatch.setitem(fall_off.SAMPLES, "laptop", 600)
    make_figure(figure, SMOKE, folder)
    whole = held(folder)
    (folder / "figure-14.csv").write_bytes(whole["figure-14.csv"] + b"1,1,1,1\n")
    make_figure(figure, SMOKE, folder)
    assert held(folder) == whole and len(counted) == 2
    for text in ("{", "[]", "{}", json.dumps({"csv_sha256": 3})):
        (folder / "figure-14.json").write_text(text)
        assert make_figure(figure, SMOKE, folder).measured
    assert held(folder) == whole
    assert make_figure(figure, SMOKE, folder, fresh=True).measured
    assert make_figure(figure, Scope("laptop"), folder).measured
    said = json.loads((folder / "figure-14.json").read_text())
    assert said["scale"] == "laptop" and said["settings"] == {"samples": 600}
    monkeypatch.setitem(fall_off.SAMPLES, "laptop", 700)
    assert make_figure(figure, Scope("laptop"), folder).measured


@pytest.mark.usefixtures("small")
def test_scale_seeds_and_command_stand_in_the_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.figures.style import framed, new_figure

    figure = new_figure(4.0, 2.0)
    framed(figure, "luck-matters, figure 3: $x", "Scale smoke; seeds 1, 2. " * 9)
    above, below = figure.texts
    assert above.get_text() == "luck-matters, figure 3: $x"
    assert above.get_position()[1] > 1 and below.get_position()[1] < 0
    lines = below.get_text().split("\n")
    assert len(lines) > 2 and max(map(len, lines)) <= 4.0 * 11 * 10 / 7
    seen: list[str] = []
    monkeypatch.setattr(
        "tfluck.papers.figures.making.save", lambda drawn, path, whole: path.touch()
    )

    def spy(drawn: Any, heading: str, stamp: str) -> None:
        seen.extend((heading, stamp))

    monkeypatch.setattr("tfluck.papers.figures.making.framed", spy)
    make_figure(find_figure(3, "luck-matters"), SMOKE, tmp_path)
    assert seen[0] == "luck-matters, figure 3: Lottery tickets"
    assert seen[1].startswith("Scale smoke; seeds 1, 2; tfluck figure luck-matters 3.")


numbers = st.floats(-3, 3).map(lambda value: round(value, 3))


@given(
    arrays(float, 2, elements=numbers).filter(lambda w: abs(w).max() > 0.01), numbers
)
def test_a_half_plane_in_the_window_has_its_share(w: Any, bias: float) -> None:
    corners = clipped(w, bias)
    if len(corners):
        assert (corners @ w + bias >= -1e-9).all()
        assert (np.abs(corners) <= EDGE + 1e-9).all()
    x, y = corners[:, 0], corners[:, 1]
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2 if len(corners) else 0.0
    grid = (np.arange(200) + 0.5) / 100 * EDGE - EDGE
    points = np.stack(np.meshgrid(grid, grid), axis=-1)
    share = (points @ w + bias >= 0).mean()
    assert area / (2 * EDGE) ** 2 == pytest.approx(share, abs=0.02)


def test_students_on_the_plane_find_their_teacher() -> None:
    """From half-way there, nodes of a teacher are found, and all of them are."""
    teacher, x = teacher_of(3), inputs(256)
    start = student_of(12, 3, np.random.default_rng(1))
    first, last = train(start, teacher, x, 250)
    assert last.loss < first.loss / 20 and last.step == 250
    assert last.covered == 3 >= first.covered
    own = kept(last.student, last.winners)
    assert own[0].shape == (3, len(last.winners))
    np.testing.assert_array_equal(own[1][-1], last.student[1][-1])
    rows = pd.DataFrame(rows_of("p", last, teacher))
    ours = rows[rows.net == "student"]
    assert len(rows) == 15 and (ours.rho >= OWN).sum() >= 3
    np.testing.assert_array_equal(ours.rho, last.rho.max(axis=0))
    np.testing.assert_array_equal(ours.strength, last.strength)


def test_a_teacher_is_its_own_best_student() -> None:
    teacher = teacher_of(4)
    (seen,) = train(teacher, teacher, inputs(64), 0)
    assert seen.loss == 0 and seen.covered == 4
    assert list(seen.winners) == [0, 1, 2, 3]


@pytest.mark.usefixtures("small")
def test_random_angles_are_the_sample_of_ad_sample() -> None:
    from tfluck.angular.sampling import sample

    found = determinants.RANDOM.measure(SMOKE, ())
    rows = found.table[found.table.m == 6].set_index("quantity").value
    exact = sample(determinants.paper_function(), 6, 40)
    np.testing.assert_array_equal(rows["z"], exact.shown)
    assert rows["holds"] == exact.holds == 40 and rows["largest z"] == exact.max_z < 0


@pytest.mark.usefixtures("small")
def test_a_surface_comes_back_from_its_table() -> None:
    from tfluck.angular.grid import surface

    found = determinants.FOUR.measure(SMOKE, ())
    fixed = {1: 1.0, 4: 6.0}
    exact = surface(determinants.paper_function(), 4, fixed, 7)
    told = determinants._surface(4, fixed, found.table[found.table.panel == 1])
    for name in ("axis", "z", "gap"):
        np.testing.assert_array_equal(getattr(told, name), getattr(exact, name))
    assert (told.free, told.holds, told.degenerate) == (
        exact.free, exact.holds, exact.degenerate,
    )  # fmt: skip


@pytest.mark.usefixtures("small")
def test_the_projection_is_perpendicular_and_the_gradient_is_not() -> None:
    table = norms.PROJECTION.measure(SMOKE, ()).table
    cosines = table[table.panel == "cosines"].groupby("name")[["x", "y"]].max()
    assert (cosines.loc["below, ε = 0"] < 1e-12).all()
    assert cosines.loc["below, ε = 1e-5", "x"] > 1e-7
    assert (cosines.loc["above"] > 0.3).all()
    drawn = table[table.panel == "vectors"].set_index("name")[["x", "y", "z"]]
    below = drawn.loc["J g"].to_numpy()
    assert abs(below @ drawn.loc["f"].to_numpy()) < 1e-12 and abs(below.sum()) < 1e-12


def test_batch_norm_conserves_what_theorem_3_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(norms.STEPS, "smoke", (60, 1e-4))
    table = norms.ORDERS.measure(SMOKE, ()).table
    most = {
        order: rows[["weights", "with_bias"]].abs().max()
        for order, rows in table.groupby("order")
    }
    assert most["relu-bn"]["with_bias"] < 1e-3 < most["relu-bn"]["weights"]
    assert most["bn-relu"].max() < 1e-3 < most["none"].min()


def test_lemma_4_has_slope_2() -> None:
    table = fall_off.LEMMA_4.measure(Scope("smoke"), ()).table
    low = table[table.chord < 0.1]
    slope = np.polyfit(np.log(low.chord), np.log(low.relative_change), 1)[0]
    assert slope == pytest.approx(2, abs=0.01)
    np.testing.assert_allclose(table.area, table.angle / np.pi, atol=0.01)


def test_bars_are_theorem_5s() -> None:
    found = top_down_module.BARS.measure(Scope("smoke"), ())
    last = found.table[found.table.step == 300]
    u, r = (last[last["set"] == name].fan_out for name in "ur")
    assert len(u) == 5 and len(r) == 10
    assert u.min() > 0.9 and r.max() < 0.4


def verdicts(**changed: str) -> pd.DataFrame:
    rows = [(part, f"{part}.a", "s", "holds", "holds") for part in PARTS]
    rows += [("L5", "L5.printed", "s", "violated", "violated")]
    rows += [(part, f"{part}.b", "s", word, "holds") for part, word in changed.items()]
    names = ["part", "claim", "statement", "verdict", "expected_verdict"]
    return pd.DataFrame(rows, columns=names)


def marks(table: pd.DataFrame) -> Iterator[str]:
    for text in PROOF.draw(table).axes[0].texts:
        yield text.get_text()


def test_the_proof_has_a_tick_or_a_cross_for_every_arrow() -> None:
    from tfluck.papers.figures.proof import ARROWS

    texts = list(marks(verdicts()))
    assert texts.count("✓") == len(ARROWS) and "✗" not in texts
    assert any(text.startswith("L5   ✓ 1 ✗ 1") for text in texts)
    broken = list(marks(verdicts(L6="violated")))
    assert broken.count("✗") == sum(start == "L6" for start, _ in ARROWS) == 2
