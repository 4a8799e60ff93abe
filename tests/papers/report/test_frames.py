"""Matrices as pictures: the colours of ρ, the order of columns, what is left out."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tfluck.instruments.loaded import LoadedRun
from tfluck.papers.report import frames
from tfluck.papers.report.frames import LEVELS, PALETTE, chosen, film
from tfluck.runs import Run
from tfluck.runs.correlations import write_matrices


@pytest.fixture
def loaded(make_run: Callable[..., Run]) -> LoadedRun:
    """Two students of 3-4 nodes with matrices of five evaluations, one node dead."""
    run = make_run(seeds=2, epochs=4)
    draw = np.random.default_rng(0)
    for seed in run.seeds:
        layout = run.layout.seed(seed)
        layout.correlations.mkdir(parents=True)
        for epoch in range(5):
            rho = [draw.uniform(-1, 1, (m, 2 * m)) for m in (3, 4)]
            rho[1][2] = 0
            live = [np.ones(3, bool), np.array([True, True, False, True])]
            write_matrices(layout, epoch, rho, live)
    return LoadedRun(run)


def colours(frame: frames.Frame) -> np.ndarray:
    raw = base64.b64decode(frame.picture.source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")).astype(int)


def test_pixels_have_the_colours_of_their_correlations(loaded: LoadedRun) -> None:
    found = film(loaded)
    assert found.notes == ()
    keys = [(f.seed, f.layer, f.epoch) for f in found.frames]
    assert keys == [(s, la, e) for s in (1, 2) for la in (0, 1) for e in range(5)]
    for frame in found.frames:
        history = loaded.correlations[frame.layer].sel(seed=frame.seed)
        last = history.sel(epoch=4).values
        best = np.argmax(last, axis=0)
        rho = history.sel(epoch=frame.epoch).values
        shown = colours(frame)
        assert shown.shape == (*rho.shape, 3)
        nearest = np.abs(shown[:, :, None] - PALETTE.astype(int)).sum(-1).argmin(-1)
        values = nearest / (LEVELS - 1) * 2 - 1
        # Columns go by the teacher node that they match best at the end.
        order = [
            next(
                i
                for i in range(rho.shape[1])
                if np.abs(values[:, j] - rho[:, i]).max() <= 1 / (LEVELS - 1) + 1e-6
            )
            for j in range(rho.shape[1])
        ]
        assert sorted(order) == list(range(rho.shape[1]))
        there = [best[i] for i in order if last[:, i].max() > 0]
        assert there == sorted(there)


def test_a_frame_says_what_it_shows(loaded: LoadedRun) -> None:
    frame = next(
        f for f in film(loaded).frames if (f.seed, f.layer, f.epoch) == (2, 1, 3)
    )
    rho = loaded.correlations[1].sel(seed=2, epoch=3).values[[0, 1, 3]]
    best = rho.max(axis=1)
    assert frame.caption == (
        f"Student 2, layer 1, epoch 3: ρ̄ {best.mean():.3f}; {(best > 0.9).sum()} of 3 "
        "live teacher nodes have a student above 0.9."
    )
    assert frame.picture.alt == (
        f"{frame.caption} 4 teacher nodes down, 8 students across."
    )


def test_what_is_too_much_is_left_out_and_said(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WIDEST", 5)
    # 3 × 5 and 4 × 5 entries an epoch: room for two epochs of each student.
    monkeypatch.setattr(frames, "ENTRIES", 4 * 35)
    found = film(loaded)
    assert {f.picture.width for f in found.frames} == {5}
    assert {(f.seed, f.epoch) for f in found.frames} == {
        (seed, epoch) for seed in (1, 2) for epoch in (0, 4)
    }
    assert [note.partition(" ")[0] for note in found.notes] == ["Of", "Of"]
    assert "more than 5 students" in found.notes[0]
    assert "Of 5 evaluations about 2 are shown" in found.notes[1]
    monkeypatch.setattr(frames, "ENTRIES", 35)
    found = film(loaded)
    assert {f.seed for f in found.frames} == {1}
    assert found.notes[2] == "Of 2 students the first 1 are shown."


def test_the_students_that_are_shown_match_best(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WIDEST", 5)
    last = loaded.correlations[1].sel(seed=1, epoch=4).values
    order = frames._order(last)
    assert len(set(order)) == 5
    left = sorted(set(range(8)) - set(order))
    assert last[:, order].max(axis=0).min() >= last[:, left].max(axis=0).max()


@given(st.integers(1, 300), st.integers(2, 60))
def test_chosen_evaluations_are_the_ends_and_some_between(
    count: int, wanted: int
) -> None:
    found = chosen(count, wanted)
    assert found == sorted(set(found)) and found[0] == 0 and found[-1] == count - 1
    assert len(found) <= max(wanted + 1, 2)
    if count <= wanted:
        assert found == list(range(count))
    elif wanted > 3:
        assert 1 in found and len(found) >= wanted


def test_a_run_without_matrices_has_no_frames(make_run: Any) -> None:
    found = film(LoadedRun(make_run()))
    assert found.frames == ()


def test_a_damaged_matrix_is_told_and_left_out(loaded: LoadedRun) -> None:
    path = loaded.run.layout.seed(1).correlation(2)
    path.write_bytes(path.read_bytes()[:-3])
    said: list[str] = []
    found = film(LoadedRun(loaded.run, said.append))
    assert (1, 2) not in {(f.seed, f.epoch) for f in found.frames}
    assert (2, 2) in {(f.seed, f.epoch) for f in found.frames}
    assert str(path) in said[0]
