"""Claims about what else over-parameterised students do: sections 3.3 and 3.4."""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tfluck.foundations.seeds import generator
from tfluck.theory.checks.promises import DESIGNED, RATE, designed
from tfluck.theory.checks.registry import (
    Finding,
    at_least,
    at_most,
    claim,
    diagnostic,
)
from tfluck.theory.conjecture import Block, blocks
from tfluck.theory.feasibility import premises, solve
from tfluck.theory.kernels import unit_columns
from tfluck.theory.perturbed import PerturbedCourse, true_course
from tfluck.theory.suppression import (
    Suppression,
    TwoLayer,
    group_by_teacher,
    grouped_fan_out,
    random_pair,
    separated,
    suppress,
)

Array = NDArray[np.float64]


@cache
def random_start() -> Suppression:
    """Train a random student, twice as wide as its 10-20-30 teacher, with exact kernels."""
    start = random_pair(10, 20, 30, 40, generator(0, "theory", "many"))
    return suppress(start, steps=8000, rate=0.1, every=1000)


def owners(found: TwoLayer, cosine: float = 0.95) -> NDArray[np.int64]:
    """Return whose node each student has become."""
    return group_by_teacher(found.teacher_w.T @ found.w, cosine)


@claim(
    "S3.3-many.shared", "From a random start some teacher nodes have several students."
)
def _shared() -> Finding:
    last = random_start().last
    counts = np.bincount(owners(last)[owners(last) >= 0], minlength=20)
    note = (
        f"10-20-30, n = 40: {int((counts > 1).sum())} of 20 teacher nodes are shared, "
        f"{int((counts == 0).sum())} have no student within cosine 0.95."
    )
    return at_least(float((counts > 1).sum()), 1.0, note)


@claim("S3.3-many.sum", "The fan-outs of a teacher node's students add up to its own.")
def _sum() -> Finding:
    last = random_start().last
    owner = owners(last)
    covered = np.isin(np.arange(20), owner)
    summed = grouped_fan_out(last.v, owner, 20)
    error = np.linalg.norm((summed - last.teacher_v)[covered], axis=1)
    scale = np.linalg.norm(last.teacher_v[covered], axis=1)
    note = f"Median relative error over {int(covered.sum())} covered nodes."
    return at_most(float(np.median(error / scale)), 0.05, note)


@claim(
    "S3.3-many.ungrouped",
    "V_r → 0 from a random start, students not grouped.",
    "violated",
)
def _ungrouped() -> Finding:
    """Call everybody but the best student of each teacher node irrelevant."""
    last = random_start().last
    best = (last.teacher_w.T @ last.w).argmax(axis=1)
    size = np.linalg.norm(last.v, axis=1)
    rest = np.delete(size, np.unique(best))
    ratio = float(rest.mean() / size[best].mean())
    nobody = size[owners(last) < 0]
    words = f"{nobody.mean() / size[best].mean():.3f}" if nobody.size else "none"
    note = f"Mean fan-out of the others over that of the best; of nobody's students {words}."
    return at_most(ratio, 0.01, note)


@claim("S3.3-gamma.rises", "The smaller V_r, the larger γ.")
def _rises() -> Finding:
    """Solve the designed instance with V_r of several sizes."""
    gammas = []
    for size in (0.4, 0.2, 0.1, 0.01):
        draw = generator(0, "theory", "designed")
        start = separated(**DESIGNED | {"size": size}, draw=draw)  # type: ignore[arg-type]
        gammas.append(solve(premises(start, RATE)).gamma)
    words = ", ".join(f"{gamma:.3f}" for gamma in gammas)
    note = f"γ at |v_r| = 0.4, 0.2, 0.1, 0.01: {words}. Smallest rise."
    return at_least(float(np.diff(gammas).min()), 1e-6, note)


@claim("S3.3-gamma.faster", "W_u converges faster at first without V_r than with it.")
def _faster() -> Finding:
    rates = []
    for size in (0.0, 1.0):
        draw = generator(0, "theory", "rises")
        start = separated(5, 10, angle=0.3, bias=-1.0, spread=0.1, size=size, draw=draw)
        sine = suppress(start, steps=40, rate=0.1, every=40).sines.max(axis=1)
        rates.append(float(np.log(sine[0] / sine[-1]) / 4))
    note = (
        f"Rate of the first 40 steps: {rates[0]:.3f} at |v_r| = 0, {rates[1]:.3f} at 1."
    )
    return at_least(rates[0] / rates[1], 1.05, note)


@claim("S3.3-gamma.course", "γ, solved anew along a course, rises.", "violated")
def _along() -> Finding:
    """θ falls faster than V_r here, so ε|V_r|/sin θ, what γ loses, grows."""
    start = designed()
    later = suppress(start, steps=60, rate=RATE, every=60).last
    gammas = [solve(premises(here, RATE)).gamma for here in (start, later)]
    note = f"γ {gammas[0]:.2f} at the start, {gammas[1]:.2f} after 60 steps."
    return at_least(gammas[1] - gammas[0], 0.0, note)


@claim(
    "S3.3-gamma.step",
    "How the largest stable η of V changes as W_u turns.",
    "diagnostic",
)
def _largest_step() -> Finding:
    draw = generator(0, "theory", "eta")
    start = separated(3, 6, angle=0.3, bias=0.0, spread=0.1, size=1.0, draw=draw)
    near = suppress(start, steps=400, rate=0.2, every=400).last
    limits = [
        2 / float(np.linalg.eigvalsh(here.kernels()[3])[-1]) for here in (start, near)
    ]
    note = f"2/λ_max(L): {limits[0]:.2f} at the start, {limits[1]:.2f} near the end."
    return diagnostic(limits[1] / limits[0], note)


@cache
def from_size(size: float) -> Suppression:
    """Follow a student whose r-set starts with fan-outs of this size."""
    draw = generator(0, "theory", "scale")
    start = separated(5, 10, angle=0.3, bias=-1.0, spread=0.1, size=size, draw=draw)
    return suppress(start, steps=6000, rate=0.1, every=500)


def _from_size(size: float, of: str) -> Finding:
    found = from_size(size)
    note = (
        f"m 5, n 10, |v*| = 1, |v_r(0)| = {size:g}: after 6000 steps sin θ "
        f"{found.sines[-1].max():.1e}, V_r {found.irrelevant[-1].max():.1e}, W_r moved "
        f"{found.moved[-1].max():.2f}, smallest eigenvalue of L {found.last.slowest():.0e}."
    )
    left = found.sines if of == "w" else found.irrelevant
    return at_most(float(left[-1].max()), 0.01, note)


for _size, _of, _words, _verdict in (
    (1.0, "w", "W_u → W* from V_r of the size of V*", "holds"),
    (1.0, "v", "V_r → 0 from V_r of the size of V*", "holds"),
    (2.0, "w", "W_u → W* from V_r twice the size of V*", "holds"),
    (2.0, "v", "V_r → 0 from V_r twice the size of V*", "violated"),
):
    claim(
        f"S3.3-lucky.{_of}-{_size:g}",
        f"‖V_r‖ need not be small: {_words}.",
        _verdict,  # type: ignore[arg-type]
    )(partial(_from_size, _size, _of))


@claim("S3.3-lucky.width", "The best initial overlap grows with the student's width.")
def _width() -> Finding:
    draw = generator(0, "theory", "lucky")
    teacher = unit_columns(draw.normal(size=(20, 10)))
    best, widths = [], (10, 30, 100, 300, 1000)
    for n in widths:
        w = unit_columns(draw.normal(size=(20, n)))
        best.append(float((teacher.T @ w).max(axis=1).mean()))
    words = ", ".join(f"{b:.2f} at n = {n}" for n, b in zip(widths, best, strict=True))
    order = float(spearmanr(widths, best).statistic)
    return at_least(
        order, 0.999, f"Mean best cosine, m = 10 in 20 dimensions: {words}."
    )


@claim("S3.3-lucky.winner", "Who is nearest at the start is nearest in the end.")
def _winner() -> Finding:
    draw = generator(0, "theory", "many")
    start = random_pair(10, 20, 30, 40, draw)
    first = start.teacher_w.T @ start.w
    last = random_start().last
    winner = (last.teacher_w.T @ last.w).argmax(axis=1)
    chosen = first[np.arange(20), winner]
    rank = float((first > chosen[:, None]).mean(axis=1).mean())
    return at_most(rank, 0.25, "Mean rank of the winners at the start; chance is 0.5.")


@cache
def deep() -> tuple[PerturbedCourse, list[Block]]:
    """Train a perturbed three-layer student and cut its middle layer into blocks."""
    draw = generator(0, "theory", "deep")
    found = true_course((10, 15, 20, 25), draw, steps=6000, every=3000)
    low, high = np.arange(30) < 15, np.arange(40) < 20
    return found, blocks(found.last[1][:-1], found.start[1][:-1], low, high)


def _block(at: int) -> tuple[float, str]:
    """Return a block's size over that at the start, and all four in words."""
    _, found = deep()
    words = "; ".join(
        f"{b.below} → {b.above} {b.start:.3f} → {b.size:.3f} (memory {b.memory:.2f})"
        for b in found
    )
    return (found[at].size or 0) / (found[at].start or 1), words


@claim(
    "C-ML.to-lucky", "Weights from irrelevant to lucky nodes vanish (below a tenth)."
)
def _to_lucky() -> Finding:
    share, words = _block(2)
    return at_most(share, 0.1, f"10-15-20-25, ×2, perturbed, SGD: {words}.")


@claim("C-ML.to-irrelevant", "Weights between irrelevant nodes do not vanish.")
def _to_irrelevant() -> Finding:
    return at_least(_block(3)[0], 0.5, "Size over that at the start.")


@claim("C-ML.memory", "Their final values depend on their start.")
def _memory() -> Finding:
    return at_least(deep()[1][3].memory or 0.0, 0.8, "Cosine between block and start.")


@claim(
    "C-ML.top",
    "Irrelevant nodes of the top hidden layer lose their fan-out.",
    "violated",
)
def _top() -> Finding:
    found = deep()[0]
    ratio = found.irrelevant[-1].mean() / found.relevant[-1].mean()
    note = (
        f"Irrelevant {found.irrelevant[0].mean():.2f} → {found.irrelevant[-1].mean():.2f}, "
        f"lucky {found.relevant[-1].mean():.2f}: it falls by half and stays."
    )
    return at_most(float(ratio), 0.01, note)
