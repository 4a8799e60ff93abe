"""Where the winners stood before they had won (paper 1, section 4.2, M-rank)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfluck.instruments.instrument import Finding, Instrument, Layers, Line
from tfluck.instruments.view import View

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Ranks(Layers):
    """The winners' ranks, ``[times, live teacher nodes]`` a layer, None if nobody won."""

    epochs: list[int]
    ranks: "list[Array | None]"

    def to_json(self) -> dict[str, Any]:
        """Say the epochs before the layers."""
        return {"epochs": self.epochs, "layers": self.layers}

    def rows(self) -> list[Line]:
        """Return a line for every epoch and layer."""
        return [
            {
                "epoch": epoch,
                "layer": layer["layer"],
                "live_teacher_nodes": layer["live_teacher_nodes"],
                "mean_rank": layer["mean_rank"] and layer["mean_rank"][at],
                "median_rank": layer["median_rank"] and layer["median_rank"][at],
            }
            for at, epoch in enumerate(self.epochs)
            for layer in self.layers
        ]

    def lines(self) -> list[Line]:
        """Return one line an epoch: the mean rank of each layer, then the medians."""
        return [
            {"epoch": epoch}
            | {
                f"{mark} {layer['layer']}": layer[metric] and layer[metric][at]
                for metric, mark in (("mean_rank", "mean"), ("median_rank", "median"))
                for layer in self.layers
            }
            for at, epoch in enumerate(self.epochs)
        ]

    def numbers(self) -> Iterator[tuple[int | None, str, float | None]]:
        """Yield where those who win now stood at first; now they have rank 0."""
        for layer in self.layers:
            for name in ("mean_rank", "median_rank"):
                value = layer[name] and layer[name][0]
                yield layer["layer"], f"{name}_at_start", value


class Rank(Instrument):
    """Rank the final winners of RUN at every evaluation.

    A teacher node's winner is its best student in the end, or at --epoch; its rank is
    the share of students that match that teacher node strictly better: 0 is best, and a
    student picked blindly has ½. Only live teacher nodes count, and of one evaluation
    nothing can be told.
    """

    name = "rank"
    needs = frozenset({"matrices", "history"})
    epoch_help = "Who has won by then.  [default: the last]"
    examples = ("gaus-fc", "gaus-fc --json", "gaus-fc --plot rank.svg")

    def compute(self, view: View, *args: Any, **_: Any) -> Ranks:
        """Rank the students that are best at the view's epoch in its history."""
        from tfluck.analysis import winner_ranks

        live, known = view.matrices.live, view.history
        epochs = [matrices.epoch for matrices in known]
        history = [matrices.rho for matrices in known]
        ranks = [
            winner_ranks([rho[alive] for rho in matrices])
            if alive.any() and len(epochs) > 1
            else None
            for matrices, alive in zip(zip(*history, strict=True), live, strict=True)
        ]
        layers = [
            {"layer": index, "live_teacher_nodes": int(alive.sum())} | _told(rank)
            for index, (rank, alive) in enumerate(zip(ranks, live, strict=True))
        ]
        return Ranks(layers, epochs, ranks)

    def answer(self, findings: Sequence[Finding]) -> dict[str, Any]:
        """Say the epochs, the last of which is that of the winners."""
        told: dict[str, Any] = findings[-1].result.to_json()
        return told

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw every winner's rank and their mean over epochs."""
        from tfluck.figures.matching import draw_ranks

        result = findings[-1].result
        return draw_ranks(result.epochs, result.ranks, title)


def _told(rank: "Array | None") -> Line:
    import numpy as np

    return {
        "mean_rank": None if rank is None else rank.mean(axis=1).tolist(),
        "median_rank": None if rank is None else np.median(rank, axis=1).tolist(),
        "winners_rank_at_start": None if rank is None else rank[0].tolist(),
    }
