"""The BatchNorm layers of a file of tensors."""

from dataclasses import dataclass, field

import numpy as np

from tfluck.weightfiles.keras_graph import Role, roles
from tfluck.weightfiles.tensors import Refused, TensorFile

#: The name of the running mean → those of scale γ, shift β and running variance.
_FAMILIES = {
    ".running_mean": (".weight", ".bias", ".running_var"),
    "/moving_mean": ("/gamma", "/beta", "/moving_variance"),
}


@dataclass(frozen=True)
class NormLayer:
    """One BatchNorm layer y = γ (x − μ) / √(σ² + ε) + β, each a vector of [channels].

    ``shift`` is β, called c₁ in paper 1; ``scale`` is γ, None where the layer has none.
    ``role`` says what its output feeds, as far as the file tells.
    """

    name: str
    shift: np.ndarray
    scale: np.ndarray | None
    mean: np.ndarray
    variance: np.ndarray
    role: Role = field(default_factory=Role)

    def __post_init__(self) -> None:
        vectors = [v for v in (self.shift, self.scale, self.mean) if v is not None]
        if any(v.shape != self.variance.shape or v.ndim != 1 for v in vectors):
            raise Refused(f"The vectors of BatchNorm '{self.name}' differ in length.")
        if not all(np.isfinite(v).all() for v in (*vectors, self.variance)):
            raise Refused(f"BatchNorm '{self.name}' holds numbers that are not finite.")
        if not self.variance.size or (self.variance < 0).any():
            raise Refused(f"BatchNorm '{self.name}' has a negative variance or none.")


def batch_norms(file: TensorFile) -> tuple[NormLayer, ...]:
    """Read the BatchNorm layers of ``file``, lowest first; other tensors stay unread.

    A BatchNorm without a shift has no bias and is left out.

    Raises:
        Refused: the file holds none, or one of them is damaged.
    """
    known = roles(file.config)
    layers = []
    for name in file.shapes:
        for mean, (scale, shift, variance) in _FAMILIES.items():
            prefix = name.removesuffix(mean)
            needed = (prefix + shift, prefix + variance)
            if name.endswith(mean) and all(key in file.shapes for key in needed):
                has_scale = prefix + scale in file.shapes
                label = _label(prefix, known)
                layers.append(
                    NormLayer(
                        name=label,
                        shift=_vector(file, prefix + shift),
                        scale=_vector(file, prefix + scale) if has_scale else None,
                        mean=_vector(file, name),
                        variance=_vector(file, prefix + variance),
                        role=known.get(label, Role()),
                    )
                )
    if not layers:
        raise Refused(f"The {file.format} file holds no BatchNorm with a bias.")
    return tuple(layers)


def _label(prefix: str, known: dict[str, Role]) -> str:
    """Return the layer's own name: a Keras path may repeat it or wrap it."""
    return next((part for part in prefix.split("/") if part in known), prefix)


def _vector(file: TensorFile, name: str) -> np.ndarray:
    if len(file.shapes[name]) != 1 or file.shapes[name][0] > 2**20:
        raise Refused(f"'{name}' has shape {file.shapes[name]}; expected a vector.")
    return file.read(name).astype(np.float64)
