"""Are the directions of nodes that do not matter flat? (paper 1, sections 1 and 5; X3)

The Hessian of the evaluation loss at a student's weights, by products alone: its ends,
the density of its eigenvalues, its blocks for the weights that touch winners only and
others only, and the loss along random directions within them. The loss is the run's own
(mean over samples *and* outputs, as in training), on the first samples of its evaluation
set, against its teacher's outputs; BatchNorm is in inference mode; all is float64.

A *winner* is a student node that some live teacher node is matched to best.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.blocks import Block, Cross, Slice, measure_block, measure_cross
from tfluck.analysis.correlation import best_match
from tfluck.analysis.lanczos import Array, Density, Extremes, density, extremes
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

if TYPE_CHECKING:
    from tfluck.networks.curvature import Surface

#: Set of weights → its code in :mod:`tfluck.networks.curvature`.
BLOCKS = {"winners": 1, "others": 2, "between": 3}
#: An eigenvalue is flat below this share of the largest.
FLAT = 1e-3
#: Parameters up to which the whole Hessian is written out beside the estimates.
EXACT = 1500
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Effort:
    """How much to spend.

    Attributes:
        top: eigenvalues of the whole Hessian and of each block.
        products: for a block's trace.
        probes, steps: of the density: random starts, and products from each.
        directions: random ones a block, for the slices.
    """

    top: int = 5
    products: int = 30
    probes: int = 4
    steps: int = 50
    directions: int = 3


@dataclass(frozen=True)
class Flatness:
    """What the curvature at one student's weights is.

    Attributes:
        parameters, samples: sizes of θ and of the set that the loss is over.
        loss, gradient_norm: at θ; off a minimum the Hessian has negative eigenvalues too.
        ends: of the whole spectrum.
        density: of all eigenvalues.
        blocks, cross: of the sets of weights, and between them.
        slices: of the loss.
        exact: top eigenvalues and traces of the Hessian written out, where it is small.
    """

    parameters: int
    samples: int
    loss: float
    gradient_norm: float
    ends: Extremes
    density: Density
    blocks: tuple[Block, ...]
    cross: tuple[Cross, ...]
    slices: tuple[Slice, ...]
    exact: Mapping[str, Any] | None = None
    #: Nodes a layer that won.
    winners: tuple[int, ...] = ()

    def flat_share(self) -> tuple[float, float]:
        """Return the share of |λ| ≤ :data:`FLAT` λ₁, and its standard error."""
        edge = FLAT * abs(float(self.ends.top[0]))
        return self.density.share(-edge, edge)

    def to_row(self) -> dict[str, Any]:
        """Return all of it as JSON takes it; the density is its quadrature."""
        share, error = self.flat_share()
        whole = asdict(self.ends)
        return {
            "parameters": self.parameters,
            "samples": self.samples,
            "winners": list(self.winners),
            "loss": self.loss,
            "gradient_norm": self.gradient_norm,
            "spectrum": whole
            | {"flat_share": share, "flat_share_error": error, "flat_below": FLAT},
            "density": asdict(self.density),
            "blocks": [block.to_row() for block in self.blocks],
            "cross": [cross.to_row() for cross in self.cross],
            "slices": [asdict(cut) for cut in self.slices],
            "exact": self.exact,
        }


def parse_blocks(text: str) -> tuple[str, ...]:
    """Read ``winners,others``.

    Raises:
        BadInput: there is no such block, or one comes twice.
    """
    names = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in names if name not in BLOCKS]:
        raise BadInput(
            f"Blocks are {', '.join(BLOCKS)}, joined by commas; not {unknown[0]!r:.60}."
        )
    if len(set(names)) < len(names):
        raise BadInput(f"A block comes twice in {text!r:.60}.")
    return names


def winners_of(
    rho: Sequence[Array], live: Sequence[NDArray[np.bool_]]
) -> list[NDArray[np.bool_]]:
    """Tell per layer which students some live teacher node is matched to best, ``[n]``."""
    found = []
    for matrix, alive in zip(rho, live, strict=True):
        won = np.zeros(matrix.shape[1], bool)
        won[best_match(matrix[alive]).winner] = True
        found.append(won)
    return found


def flatness(
    surface: "Surface",
    codes: NDArray[np.uint8],
    names: Sequence[str],
    effort: Effort,
    seed: int,
    report: Callable[[str], None] = lambda note: None,
) -> Flatness:
    """Measure the curvature of ``surface`` and of the named blocks of it.

    Args:
        surface: the loss as a function of θ.
        codes: what each entry of θ touches, as ``touched_codes`` returns it.
        names: of :data:`BLOCKS`.
        effort: how much to spend.
        seed: of all that is random in it.
        report: hears what is being done.

    Raises:
        BadInput: a block has no weights.
    """
    size = surface.parameters
    sets = {name: np.flatnonzero(codes == BLOCKS[name]) for name in names}
    for name, indices in sets.items():
        if not len(indices):
            raise BadInput(f"No weights are in the block {name} of this student.")

    def draw(*path: str) -> np.random.Generator:
        return generator(seed, "flatness", *path)

    report("top eigenvalues")
    ends = extremes(surface.product, size, effort.top, draw("top"), tolerance=TOLERANCE)
    report("density")
    spread = density(
        surface.product,
        size,
        draw("density"),
        probes=effort.probes,
        steps=effort.steps,
    )
    return Flatness(
        size,
        surface.samples,
        surface.value(),
        float(np.linalg.norm(surface.gradient())),
        ends,
        spread,
        _blocks(surface, sets, effort, draw, report),
        _crosses(surface, sets, effort, draw, report),
        _slices(surface, codes, names, effort, draw),
        _exact(surface, sets, effort.top) if size <= EXACT else None,
    )


Sets = Mapping[str, NDArray[np.intp]]
Draw = Callable[..., np.random.Generator]


def _blocks(
    surface: "Surface",
    sets: Sets,
    effort: Effort,
    draw: Draw,
    report: Callable[[str], None],
) -> tuple[Block, ...]:
    found = []
    for name, indices in sets.items():
        report(f"block {name}, {len(indices):,} weights")
        found.append(
            measure_block(
                surface.product,
                surface.parameters,
                name,
                indices,
                draw("block", name),
                top=effort.top,
                products=effort.products,
                tolerance=TOLERANCE,
            )
        )
    return tuple(found)


def _crosses(
    surface: "Surface",
    sets: Sets,
    effort: Effort,
    draw: Draw,
    report: Callable[[str], None],
) -> tuple[Cross, ...]:
    named, found = list(sets.items()), []
    for at, second in enumerate(named):
        for first in named[:at]:
            report(f"{first[0]} against {second[0]}")
            found.append(
                measure_cross(
                    surface.product,
                    surface.parameters,
                    first,
                    second,
                    draw("cross", first[0], second[0]),
                    products=effort.products,
                )
            )
    return tuple(found)


def _slices(
    surface: "Surface",
    codes: NDArray[np.uint8],
    names: Sequence[str],
    effort: Effort,
    draw: Draw,
) -> tuple[Slice, ...]:
    from tfluck.networks.curvature import along, filter_direction

    steps = np.linspace(-1, 1, 21)
    found = []
    for name in names:
        source = draw("slice", name)
        for _ in range(effort.directions):
            way = filter_direction(surface, codes == BLOCKS[name], source)
            found.append(Slice(name, steps, along(surface, way, steps)))
    return tuple(found)


def _exact(surface: "Surface", sets: Sets, top: int) -> dict[str, Any]:
    """Write the Hessian out and say of it what was estimated."""
    matrix = surface.hessian()
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    blocks = []
    for name, indices in sets.items():
        inner = matrix[np.ix_(indices, indices)]
        largest = np.linalg.eigvalsh((inner + inner.T) / 2)[::-1][:top]
        blocks.append(
            {
                "name": name,
                "trace": float(np.trace(inner)),
                "top": largest.tolist(),
            }
        )
    return {
        "top": values[::-1][:top].tolist(),
        "lowest": float(values[0]),
        "blocks": blocks,
    }
