"""What activations and weights say, node by node: arrays in, small results out."""

from tfluck.analysis.correlation import (
    Moments,
    best_match,
    correlation,
    coverage,
    live_nodes,
)
from tfluck.analysis.rank import winner_ranks
from tfluck.analysis.weights import fan_in_norms, fan_out_norms

__all__ = [
    "Moments",
    "best_match",
    "correlation",
    "coverage",
    "fan_in_norms",
    "fan_out_norms",
    "live_nodes",
    "winner_ranks",
]
