"""Weights that lie on this disk are judged; where there are none, it is said how to get them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfluck.papers import Judgement, judge_all, load_paper
from tfluck.papers.cache import keep as keep_evidence
from tfluck.papers.gathering import gathered, perform, plan
from tfluck.papers.shipped import weights_task
from tfluck.weightfiles.cache import keep, kept_path
from tfluck.weightfiles.keras_graph import Role
from tfluck.weightfiles.norms import NormLayer
from tfluck.zoo.addresses import PUBLISHED, torch_folder

PAPER = load_paper("luck-matters")
CLAIMS = tuple(one for one in PAPER.claims if one.network)
SMALL = replace(PAPER, claims=CLAIMS)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing that this machine has count."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)


def plant(name: str, negative: int) -> None:
    """Keep two layers of ten biases, of which the second has ``negative`` below 0."""
    role = Role(consumer="relu", order="bn-relu")
    url = PUBLISHED[name][0]
    signs = [np.where(np.arange(10) < count, -1.0, 1.0) for count in (4, negative)]
    layers = [
        NormLayer(f"bn{at}", shift, np.ones(10), np.zeros(10), np.ones(10), role)
        for at, shift in enumerate(signs)
    ]
    about = {"model": name, "source": url, "etag": "e", "read": "2020-01-01"}
    keep(kept_path(name, url), layers, about)


def judged(root: Path) -> dict[str, Judgement]:
    todo = plan([SMALL], "smoke", root)
    for task in todo.studies:
        keep_evidence(root, task, perform(task, root))
    assert plan([SMALL], "smoke", root).size == 0
    found = judge_all(SMALL, gathered(SMALL, "smoke", root), "smoke")
    return {one.claim.id: one for one in found}


def test_without_weights_it_says_how_to_get_them(tmp_path: Path) -> None:
    assert [one.id for one in CLAIMS] == ["F6", "F16"]
    assert plan([SMALL], "smoke", tmp_path).size == 0
    found = judged(tmp_path)
    for name, network in (("F6", "vgg16_bn"), ("F16", "vgg11_bn")):
        assert found[name].verdict == "needs data"
        assert f"tfluck analyze bn-bias --model {network}" in found[name].note


@pytest.mark.parametrize(
    ("negative", "share", "verdict"),
    [(9, 0.65, "reproduced"), (5, 0.45, "not reproduced")],
)
def test_weights_that_were_read_before_are_judged(
    tmp_path: Path, negative: int, share: float, verdict: str
) -> None:
    plant("vgg16_bn", negative)
    found = judged(tmp_path)
    assert found["F6"].verdict == verdict
    assert found["F6"].measured == pytest.approx(share)
    assert PUBLISHED["vgg16_bn"][0] in found["F6"].note
    assert f"in {int(negative > 5)} of 2 layers" in found["F6"].note
    assert found["F16"].verdict == "needs data"


def test_another_file_is_read_anew(tmp_path: Path) -> None:
    plant("vgg16_bn", 9)
    first = weights_task(CLAIMS[0])
    assert first is not None
    assert weights_task(CLAIMS[0]) == first
    os.utime(kept_path("vgg16_bn", PUBLISHED["vgg16_bn"][0]), ns=(1, 1))
    assert weights_task(CLAIMS[0]) != first
    local = torch_folder() / PUBLISHED["vgg16_bn"][0].rsplit("/", 1)[1]
    local.parent.mkdir(parents=True)
    local.write_bytes(b"x")
    task = weights_task(CLAIMS[0])
    assert task is not None
    assert task.arguments["place"] == str(local)
