"""A training written down a second time: NumPy, float64, gradients by hand.

Nothing of tfluck is used but the settings; weights and inputs are given.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfluck.experiment.experiment import Experiment

Array = np.ndarray
#: ``layer0_linear/kernel``, … as the checkpoint calls them.
Arrays = dict[str, Array]
EPSILON = 1e-5


def schedule(pairs: Iterable[tuple[int, float]], epoch: int) -> float:
    """Return the rate of the last pair that has begun."""
    rate = 0.0
    for begins, value in sorted(pairs):
        if begins <= epoch:
            rate = value
    return rate


def windows(x: Array, taps: tuple[int, ...]) -> Array:
    """Return what a filter sees, ``[samples, rows, columns, channels, *taps]``."""
    return np.lib.stride_tricks.sliding_window_view(x, taps, axis=(1, 2))


def framed(x: Array, margin: int) -> Array:
    return np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def affine(x: Array, kernel: Array, bias: Array, margin: int = 0) -> Array:
    if kernel.ndim == 2:
        return x.reshape(len(x), -1) @ kernel + bias
    x = framed(x, margin)
    seen = windows(x, kernel.shape[:2])
    return np.einsum("nrschw,hwco->nrso", seen, kernel, optimize=True) + bias


def affine_back(
    x: Array, kernel: Array, pull: Array, margin: int = 0
) -> tuple[Array, Array, Array]:
    """Return the gradients of kernel, bias and x."""
    if kernel.ndim == 2:
        flat = x.reshape(len(x), -1)
        return flat.T @ pull, pull.sum(axis=0), (pull @ kernel.T).reshape(x.shape)
    rows, columns = x.shape[1:3]
    x = framed(x, margin)
    taps = kernel.shape[:2]
    seen = windows(x, taps)
    to_kernel = np.einsum("nrschw,nrso->hwco", seen, pull, optimize=True)
    height, width = (size - 1 for size in taps)
    padded = np.pad(pull, ((0, 0), (height, height), (width, width), (0, 0)))
    turned = kernel[::-1, ::-1]
    to_x = np.einsum("nrsohw,hwco->nrsc", windows(padded, taps), turned, optimize=True)
    inner = to_x[:, margin : margin + rows, margin : margin + columns]
    return to_kernel, pull.sum(axis=(0, 1, 2)), inner


@dataclass
class Net:
    """A ReLU network as its arrays; ``place`` says where BatchNorm stands.

    In a residual net every second layer above the first adds what its block has read.
    """

    arrays: Arrays
    depth: int
    place: str
    arch: str
    tape: list[tuple[Any, ...]] = field(default_factory=list)

    def norm(self, x: Array, layer: str, training: bool) -> Array:
        mean = self.arrays[f"{layer}/running_mean"]
        variance = self.arrays[f"{layer}/running_variance"]
        if training:
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axis=axes), x.var(axis=axes)
            count = x.size // x.shape[-1]
            self._keep(f"{layer}/running_mean", mean)
            self._keep(f"{layer}/running_variance", variance * count / (count - 1))
        deviation = np.sqrt(variance + EPSILON)
        standard = (x - mean) / deviation
        gamma = self.arrays.get(f"{layer}/gamma", np.ones(1))
        self.tape.append(("norm", layer, standard, gamma / deviation))
        return gamma * standard + self.arrays.get(f"{layer}/beta", np.zeros(1))

    def _keep(self, name: str, value: Array) -> None:
        self.arrays[name] = 0.9 * self.arrays[name] + 0.1 * value

    def relu(self, x: Array) -> Array:
        self.tape.append(("relu", x > 0))
        return np.maximum(x, 0)

    def linear(self, x: Array, layer: str) -> Array:
        self.tape.append(("linear", layer, x))
        kernel, bias = self.arrays[f"{layer}/kernel"], self.arrays[f"{layer}/bias"]
        return affine(x, kernel, bias, self.margin)

    @property
    def margin(self) -> int:
        """Zeros around an image before it is convolved."""
        return int(self.arch == "resnet-conv")

    def __call__(self, x: Array, training: bool = False) -> list[Array]:
        """Return every hidden layer's nodes, and the logits."""
        self.tape = []
        out = []
        for index in range(self.depth):
            norm = f"layer{index}_batch_norm"
            x = self.linear(x, f"layer{index}_linear")
            if self.place == "before-relu":
                x = self.norm(x, norm, training)
            if self.arch.startswith("resnet") and index in range(2, self.depth, 2):
                x = x + out[index - 2]
                self.tape.append(("add", index - 2))
            x = self.relu(x)
            if self.place == "after-relu":
                x = self.norm(x, norm, training)
            out.append(x)
            self.tape.append(("handed", index))
        return [*out, self.linear(x, "output")]

    def gradients(self, pull: Array) -> Arrays:
        """Pull ∂loss/∂logits back through the last call, made in training mode."""
        found = {}
        past: Arrays = {}
        for kind, *kept in reversed(self.tape):
            if kind == "add":
                past[kept[0]] = pull
            elif kind == "handed":
                pull = pull + past.get(kept[0], 0)
            elif kind == "relu":
                pull = pull.reshape(kept[0].shape) * kept[0]
            elif kind == "linear":
                layer, x = kept
                *own, pull = affine_back(
                    x, self.arrays[f"{layer}/kernel"], pull, self.margin
                )
                found |= dict(
                    zip((f"{layer}/kernel", f"{layer}/bias"), own, strict=True)
                )
            else:
                layer, standard, scale = kept
                axes = tuple(range(pull.ndim - 1))
                found[f"{layer}/gamma"] = (pull * standard).sum(axis=axes)
                found[f"{layer}/beta"] = pull.sum(axis=axes)
                centred = pull - pull.mean(axis=axes)
                pull = scale * (centred - standard * (pull * standard).mean(axis=axes))
        return {name: value for name, value in found.items() if name in self.arrays}


def loss_of(name: str, target: Array, logits: Array) -> tuple[float, Array]:
    """Return the loss and its gradient in the logits."""
    if name == "mse":
        difference = logits - target
        return float((difference**2).mean()), 2 * difference / difference.size
    shifted = logits - logits.max(axis=1, keepdims=True)
    odds = np.exp(shifted)
    shares = odds / odds.sum(axis=1, keepdims=True)
    sure = np.eye(logits.shape[1])[target.argmax(axis=1)]
    loss = -np.log((shares * sure).sum(axis=1)).mean()
    return float(loss), (shares - sure) / len(logits)


@dataclass
class Training:
    """SGD as the README and the papers have it; velocities start with the gradient.

    Or Adam as its authors have it.
    """

    config: Experiment
    student: Net
    velocity: Arrays = field(default_factory=dict)
    square: Arrays = field(default_factory=dict)
    count: int = 0

    def step(self, x: Array, target: Array, rate: float) -> float:
        config, arrays = self.config, self.student.arrays
        loss, pull = loss_of(
            config.training.loss, target, self.student(x, training=True)[-1]
        )
        self.count += 1
        towards = self.adam if config.training.optimizer == "adam" else self.sgd
        for name, gradient in self.student.gradients(pull).items():
            gradient = gradient + config.training.weight_decay * arrays[name]
            arrays[name] = arrays[name] - rate * towards(name, gradient)
        if config.training.normalize:
            self.normalize()
        return loss

    def sgd(self, name: str, gradient: Array) -> Array:
        before = self.velocity.get(name, np.zeros(1))
        self.velocity[name] = self.config.training.momentum * before + gradient
        return self.velocity[name]

    def adam(self, name: str, gradient: Array) -> Array:
        """Kingma and Ba, algorithm 1, in the words of the paper."""
        moments = []
        for kept, beta, power in (
            (self.velocity, 0.9, 1),
            (self.square, 0.999, 2),
        ):
            before = kept.get(name, np.zeros(1))
            kept[name] = beta * before + (1 - beta) * gradient**power
            moments.append(kept[name] / (1 - beta**self.count))
        return moments[0] / (np.sqrt(moments[1]) + 1e-8)

    def normalize(self) -> None:
        arrays = self.student.arrays
        for name in [name for name in arrays if name.endswith("/kernel")]:
            kernel, bias = arrays[name], name.replace("kernel", "bias")
            size = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0) + 1e-5
            arrays[name], arrays[bias] = kernel / size, arrays[bias] / size
