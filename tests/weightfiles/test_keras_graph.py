"""The role of a BatchNorm, from descriptions of both writings and hostile ones."""

import pytest

from tfluck.weightfiles import Role, roles


def layer(name, kind, feeds=(), style=3, **config):
    row = {"class_name": kind, "name": name, "config": {"name": name, **config}}
    if style == 2:
        nodes = [[[source, 0, 0, {}] for source in feeds]] if feeds else []
    else:
        history = [
            {"class_name": "__keras_tensor__", "config": {"keras_history": [f, 0, 0]}}
            for f in feeds
        ]
        # A layer of several inputs takes them as one list.
        args = [history] if len(history) > 1 else history
        nodes = [{"args": args, "kwargs": {"mask": None}}] if feeds else []
    return row | {"inbound_nodes": nodes}


def network(*layers):
    return {"class_name": "Functional", "config": {"layers": list(layers)}}


RELU = ("Activation", {"activation": "relu"})
#: What comes before the BatchNorm, what after, and what that makes of it.
CHAINS = [
    ([("Conv2D", {})], [RELU], Role("relu", "bn-relu")),
    ([("Conv2D", {})], [("ReLU", {})], Role("relu", "bn-relu")),
    ([("Conv2D", {})], [("ReLU", {"max_value": 6.0})], Role("relu6", "bn-relu")),
    ([("Conv2D", {})], [("Dropout", {}), RELU], Role("relu", "bn-relu")),
    (
        [("Conv2D", {})],
        [("ReLU", {"negative_slope": 0.1})],
        Role("leaky-relu", "other"),
    ),
    ([("Conv2D", {})], [("Activation", {"activation": "silu"})], Role("silu", "other")),
    ([("Conv2D", {})], [("MaxPooling2D", {}), RELU], Role("maxpooling2d", "other")),
    ([("Conv2D", {})], [("Conv2D", {})], Role("conv2d", "other")),
    ([("Conv2D", {})], [], Role("output", "other")),
    ([("Conv2D", {}), RELU], [("Conv2D", {})], Role("conv2d", "relu-bn")),
    ([("Conv2D", {"activation": "relu"})], [("Dense", {})], Role("dense", "relu-bn")),
    ([RELU, ("MaxPooling2D", {})], [("Dense", {})], Role("dense", "relu-bn")),
    ([RELU, ("Dropout", {})], [("Dense", {})], Role("dense", "relu-bn")),
    ([RELU, ("Conv2D", {})], [("Dense", {})], Role("dense", "other")),
    ([RELU], [RELU], Role("relu", "bn-relu")),
]


@pytest.mark.parametrize("style", [2, 3, "chain"])
@pytest.mark.parametrize(("before", "after", "role"), CHAINS)
def test_role_in_a_chain(before, after, role, style):
    kinds = [("InputLayer", {}), *before, ("BatchNormalization", {}), *after]
    rows = []
    for index, (kind, config) in enumerate(kinds):
        feeds = [f"x_{index - 1}"] if index else []
        rows.append(layer(f"x_{index}", kind, feeds, style, **config))
    if style == "chain":
        rows = [{k: v for k, v in row.items() if k != "inbound_nodes"} for row in rows]
    assert roles(network(*rows)) == {f"x_{len(before) + 1}": role}


@pytest.mark.parametrize("style", [2, 3])
def test_all_consumers_count(style):
    rows = [
        layer("conv", "Conv2D", [], style),
        layer("bn", "BatchNormalization", ["conv"], style),
        layer("relu", "ReLU", ["bn"], style),
        layer("add", "Add", ["relu", "bn"], style),
    ]
    assert roles(network(*rows)) == {"bn": Role("add+relu", "other")}


@pytest.mark.parametrize("style", [2, 3])
def test_a_name_that_begins_like_another_is_another(style):
    rows = [
        layer("bn_1", "BatchNormalization", ["x"], style),
        layer("bn_10", "BatchNormalization", ["y"], style),
        layer("relu", "ReLU", ["bn_10"], style),
    ]
    found = roles(network(*rows))
    assert found["bn_1"] == Role("output", "other")
    assert found["bn_10"] == Role("relu", "bn-relu")


def test_nested_models_are_entered_in_place():
    inner = network(
        layer("in", "InputLayer"),
        layer("deep", "BatchNormalization", ["in"]),
        layer("relu", "ReLU", ["deep"]),
    )
    outer = network(
        layer("low", "BatchNormalization"),
        inner | {"name": "inner", "inbound_nodes": [[["low", 0, 0, {}]]]},
        layer("high", "BatchNormalization", ["inner"]),
    )
    found = roles(outer)
    assert list(found) == ["low", "deep", "high"]
    assert found["deep"] == Role("relu", "bn-relu")
    assert found["low"] == Role("functional", "other")


def deep(levels):
    model = network()
    for _ in range(levels):
        model = network(model)
    return model


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"config": None},
        {"config": 3},
        {"config": {"layers": None}},
        {"config": {"layers": [1, None, "x", {}]}},
        {"config": {"layers": [{"class_name": "BatchNormalization"}]}},
        {"config": {"layers": [{"class_name": 3, "config": 4, "inbound_nodes": 5}]}},
        {"config": [{"class_name": "BatchNormalization", "config": []}]},
        deep(200),
    ],
)
def test_a_description_that_is_none_names_only_what_it_has(config):
    assert all(role.order == "other" for role in roles(config).values())
