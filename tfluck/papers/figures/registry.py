"""Every figure of both papers: what it shows there, and how it is made here."""

from tfluck.foundations.errors import BadInput
from tfluck.papers.figures.figure import PaperFigure

LUCK, ALIGN = "luck-matters", "alignment"


def _presets(*names: str) -> tuple[str, ...]:
    return tuple(f"{LUCK}/figure-{name}" for name in names)


def _halves(number: int) -> tuple[str, ...]:
    """Return the presets on Gaussian data, then those on CIFAR-10."""
    return _presets(
        *(
            f"{number}-{data}{arch}"
            for data in ("", "cifar10-")
            for arch in ("fc", "cnn")
        )
    )


_SIDES = ("fc-bn", "fc-none", "cnn-bn", "cnn-none")
_FINITE = ("finite-bn", "infinite-bn", "finite-none", "infinite-none")
_SIZES = ("small-bn", "small-none", "large-bn", "large-none")

_LUCK = (
    ("Activation regions, and who wins", "Nodes that overlap with a teacher node "
     "converge to it faster; the fan-out of the others goes to zero.",
     "schematic", "regions:SETTING", ()),
    ("Structured and random labels", "Over-parameterisation covers a small teacher as "
     "well as a large one; nodes with much overlap converge faster.",
     "schematic", "regions:REGULARIZATION", ()),
    ("Lottery tickets", "The lucky nodes alone, from their own start, reach their "
     "teacher nodes again; nodes drawn anew are likely not to.",
     "schematic", "regions:TICKET", ()),
    ("Overlap, Lipschitz condition and notation", "Teacher nodes overlap little; overlap "
     "changes little when a weight does; the matrices of Theorem 2.",
     "schematic", "overlaps:OVERLAPS", ()),
    ("Over-parameterisation and top-down modulation", "W_u goes to W*, and the fan-outs "
     "V_r of irrelevant students to 0.", "schematic", "top_down:BARS", ()),
    ("BatchNorm biases of VGG16", "The majority is negative, in the top layers above "
     "all.", "computed", "biases:VGG16", ()),
    ("Correlation and mean rank on Gaussian data", "ρ̄ grows steadily and r̄ falls "
     "quickly; the lowest layer matches best; BatchNorm helps, conv nets above all.",
     "runs", "curves:FIGURE_7", _presets(*(f"7-{side}" for side in _SIDES))),
    ("Correlation and mean rank on CIFAR-10", "BatchNorm lowers r̄.",
     "runs", "curves:FIGURE_8", _presets(*(f"8-{side}" for side in _SIDES))),
    ("Small and large teachers; finite and endless data", "ρ̄ converges much faster in "
     "small models, where BatchNorm hurts; it stalls on finite data.",
     "runs", "curves:FIGURE_9",
     _presets(*(f"9a-{size}" for size in _SIZES), *(f"9b-{one}" for one in _FINITE))),
    ("H* and β* before and after training", "Students of high correlation with a teacher "
     "node get a high β* of it, and H* shows it more than β*.",
     "runs", "top_down:MODULATION", _presets("7-fc-bn")),
    ("Teacher, student, loss and notation", "f_j, f'_j and g_j of every node; the loss "
     "at the top.", "schematic", "notation:NOTATION", ()),
    ("BatchNorm as a projection", "The gradient below BatchNorm is perpendicular to its "
     "input and has mean zero.", "schematic", "norms:PROJECTION", ()),
    ("Two places for BatchNorm", "|w_j| stays constant with Linear → ReLU → BN and with "
     "Linear → BN → ReLU.", "schematic", "norms:ORDERS", ()),
    ("Lemma 4", "Affected area and weight difference are both proportional to |δw|, so "
     "|l* − l| is to its square.", "schematic", "fall_off:LEMMA_4", ()),
    ("The proof of Theorem 5", "Lemmas 5, 6 and 7 give the induction hypotheses.",
     "schematic", "proof:PROOF", ()),
    ("BatchNorm biases of VGG11", "The majority is negative.",
     "computed", "biases:VGG11", ()),
    ("Loss and correlation with BatchNorm", "The mean best correlation steadily goes up.",
     "runs", "curves:FIGURE_17", _halves(17)),
    ("Loss and correlation without BatchNorm", "The same as figure 17 without BatchNorm.",
     "runs", "curves:FIGURE_18", _halves(18)),
    ("Mean and median rank with BatchNorm", "The final winners rank high early.",
     "runs", "curves:FIGURE_19", _halves(19)),
    ("Mean and median rank with BatchNorm, again", "The caption is figure 19's.",
     "runs", "curves:FIGURE_20", _halves(20)),
    ("Mean and median rank without BatchNorm", "The final winners rank high early.",
     "runs", "curves:FIGURE_21", _halves(21)),
    ("Small and large dense nets", "Small models converge faster; BatchNorm hurts them "
     "and helps large ones.",
     "runs", "curves:FIGURE_22", _presets(*(f"22-{size}" for size in _SIZES))),
    ("Conv nets on finite and endless data", "With finite data correlation stalls.",
     "runs", "curves:FIGURE_23", _presets(*(f"23-{one}" for one in _FINITE))),
)  # fmt: skip
_ALIGN = (
    ("Students turn towards teachers", "Randomly initialised students align with one of "
     "five teachers.", "computed", "arrows:ALIGNING", ()),
    ("z over two angles, m = 3", "z = min det M_i is nowhere positive for θ1 = 1, 2, 3.",
     "computed", "determinants:THREE", ()),
    ("z over two angles, m = 4", "z is nowhere positive for (θ1, θ4) = (1, 4), (1, 6), "
     "(2, 4).", "computed", "determinants:FOUR", ()),
    ("z at random angles, m = 6 and 9", "z is negative in 100,000 random draws each.",
     "computed", "determinants:RANDOM", ()),
)  # fmt: skip

FIGURES: tuple[PaperFigure, ...] = tuple(
    PaperFigure(paper, number, title, shows, kind, place, presets)  # type: ignore[arg-type]
    for paper, rows in ((LUCK, _LUCK), (ALIGN, _ALIGN))
    for number, (title, shows, kind, place, presets) in enumerate(rows, 1)
)
PAPERS = (LUCK, ALIGN)


def find_figure(number: int, paper: str | None = None) -> PaperFigure:
    """Return a figure; the paper may be left out where only one has that number.

    Raises:
        BadInput: there is none, or there are two.
    """
    found = [
        one for one in FIGURES if one.number == number and paper in (None, one.paper)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ways = " or ".join(f"`tfluck figure {one.name}`" for one in found)
        raise BadInput(f"Both papers have a figure {number}: {ways}.")
    counts = {name: sum(one.paper == name for one in FIGURES) for name in PAPERS}
    words = " and ".join(f"{name} 1 to {counts[name]}" for name in PAPERS)
    raise BadInput(f"No figure {number}; there are {words}.")
