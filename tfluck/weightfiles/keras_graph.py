"""What stands before and after each BatchNorm of a Keras network, from its description.

The description is the ``config`` a Keras file carries, or ``Model.get_config()``: plain
data, read as data. No layer is built and no class it names is looked up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SIGN_KEEPING = ("Dropout", "SpatialDropout", "Identity", "ActivityRegularization")
_POOLING = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")


@dataclass(frozen=True)
class Role:
    """How a BatchNorm is used.

    ``consumer`` is what its output feeds (``relu``, ``relu6``, ``add``, …, joined by
    ``+`` when it feeds several). ``order`` is ``bn-relu`` if a ReLU gates its output
    directly, so that its bias decides how much passes; ``relu-bn`` if it normalises
    what a ReLU has already let through; otherwise ``other``.
    """

    consumer: str = "unknown"
    order: str = "other"


@dataclass
class _Graph:
    layers: dict[str, Mapping[str, Any]]
    sources: dict[str, list[str]]

    def targets(self, name: str) -> list[str]:
        return [target for target, froms in self.sources.items() if name in froms]


def roles(config: Mapping[str, Any]) -> dict[str, Role]:
    """Return the :class:`Role` of every BatchNorm in ``config``, by layer name.

    The order is the network's. Nested models are entered; across their borders the
    neighbour is unknown. A description that is no network gives an empty dict.
    """
    return _roles(config, 0)


def _roles(model: Mapping[str, Any], depth: int) -> dict[str, Role]:
    graph = _graph(model)
    found: dict[str, Role] = {}
    for name, layer in graph.layers.items():
        if layer.get("class_name") == "BatchNormalization":
            found[name] = _role(graph, name)
        elif depth < 8 and _get(_get(layer, "config"), "layers") is not None:
            found |= _roles(layer, depth + 1)
    return found


def _graph(model: Mapping[str, Any]) -> _Graph:
    """Read which layer feeds which; a Sequential model is a chain."""
    config = model.get("config", model)
    layers = config if isinstance(config, list) else _get(config, "layers")
    rows = [row for row in layers or () if isinstance(row, dict)]
    named: dict[str, Mapping[str, Any]] = {_name(row): row for row in rows}
    if all("inbound_nodes" in row for row in rows):
        sources = {_name(row): list(_tensors(row["inbound_nodes"])) for row in rows}
    else:
        names = list(named)
        sources = {name: names[max(0, i - 1) : i] for i, name in enumerate(names)}
    return _Graph(named, sources)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or _get(row.get("config"), "name"))


def _tensors(nodes: Any, depth: int = 0) -> Iterator[str]:
    """Yield what feeds ``nodes``, written as Keras 2 or Keras 3 does."""
    if depth > 12:
        return
    if isinstance(nodes, Mapping):
        history = _get(nodes.get("config"), "keras_history")
        if nodes.get("class_name") == "__keras_tensor__" and history:
            yield str(history[0])
        else:
            for item in nodes.values():
                yield from _tensors(item, depth + 1)
    elif isinstance(nodes, list | tuple):
        if len(nodes) >= 3 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
            yield nodes[0]
        else:
            for item in nodes:
                yield from _tensors(item, depth + 1)


def _role(graph: _Graph, name: str) -> Role:
    kinds = sorted({_kind(graph.layers.get(c)) for c in _consumers(graph, name)})
    if kinds and all(kind in ("relu", "relu6") for kind in kinds):
        order = "bn-relu"
    elif any(_is_rectified(graph, source) for source in graph.sources[name]):
        order = "relu-bn"
    else:
        order = "other"
    return Role("+".join(kinds) or "output", order)


def _consumers(graph: _Graph, name: str, depth: int = 0) -> Iterator[str]:
    """Yield what ``name`` feeds, looking through layers that keep every sign."""
    for target in graph.targets(name):
        if _class(graph.layers.get(target)).startswith(_SIGN_KEEPING) and depth < 50:
            yield from _consumers(graph, target, depth + 1)
        else:
            yield target


def _is_rectified(graph: _Graph, name: str, depth: int = 0) -> bool:
    """Tell whether ``name`` gives what a ReLU let through, pooled or not."""
    layer = graph.layers.get(name)
    if _kind(layer) in ("relu", "relu6") or _activation(layer) in ("relu", "relu6"):
        return True
    kind = _class(layer)
    if depth > 50 or not kind.startswith((*_POOLING, *_SIGN_KEEPING)):
        return False
    return any(_is_rectified(graph, s, depth + 1) for s in graph.sources.get(name, ()))


def _class(layer: Mapping[str, Any] | None) -> str:
    return str(_get(layer, "class_name"))


def _activation(layer: Mapping[str, Any] | None) -> str:
    value = _get(_get(layer, "config"), "activation")
    if isinstance(value, Mapping):
        value = _get(value.get("config"), "name") or value.get("class_name")
    return str(value)


def _kind(layer: Mapping[str, Any] | None) -> str:
    """Name a layer in one word: ``relu``, another activation, or its class."""
    if layer is None:
        return "unknown"
    if _class(layer) == "Activation":
        return _activation(layer)
    if _class(layer) != "ReLU":
        return _class(layer).lower()
    config = layer.get("config", {})
    if _get(config, "negative_slope") or _get(config, "threshold"):
        return "leaky-relu"
    top = _get(config, "max_value")
    return "relu" if top is None else f"relu{float(top):g}"
