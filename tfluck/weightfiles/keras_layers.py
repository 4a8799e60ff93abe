"""The layers a stranger's Keras model may consist of, and their checked arguments.

A ``.keras`` file describes each layer by the name of a class and a dictionary for its
constructor. Keras resolves such names itself, and every one of its advisories on safe
mode is about a name or a dictionary that led it somewhere else. So Keras never sees the
dictionary: a class is one of the table below or the file is refused, of its arguments
only those listed are kept, and each has to be a plain number, word or flag in range.
An argument that is not known, and not None, is refused: what it asks for is not guessed.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tfluck.weightfiles.tensors import Refused

#: Checks one argument and returns it as the constructor takes it.
Check = Callable[[Any], Any]

_ACTIVATIONS = (
    "linear", "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign",
    "swish", "tanh",
)  # fmt: skip
_DTYPES = ("float32", "float64", "float16", "bfloat16", "mixed_float16",
           "mixed_bfloat16")  # fmt: skip
#: What says how training begins or is held back, and nothing about the function.
_OF_TRAINING = re.compile(
    r"trainable|seed|name|dtype|synchronized|renorm_momentum|autocast"
    r"|\w+_(initializer|regularizer|constraint)"
)
#: Where Keras says that its layers and models lie.
_KERAS = re.compile(r"keras(\.src)?(\.(layers|models)(\.\w+)*)?")
OUR_BATCH_NORM = "tfluck>BatchNorm"


def _no(value: Any) -> Any:
    raise ValueError(f"{str(value)[:40]!r}")


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> Any:
        return value if type(value) is int and low <= value <= high else _no(value)

    return check


def _real(value: Any) -> Any:
    fine = type(value) in (int, float) and abs(value) < 1e30 and math.isfinite(value)
    return float(value) if fine else _no(value)


def _flag(value: Any) -> Any:
    return value if type(value) is bool else _no(value)


def _word(*words: str) -> Check:
    def check(value: Any) -> Any:
        return value if type(value) is str and value in words else _no(value)

    return check


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _some(check: Check, most: int = 8) -> Check:
    """Accept one value, or a short list of values, possibly of such lists."""

    def each(value: Any, depth: int = 0) -> Any:
        if type(value) is not list:
            return check(value)
        if len(value) > most or depth > 1:
            _no(value)
        return tuple(each(item, depth + 1) for item in value)

    return each


_count = _whole(1, 2**24)
_sizes = _some(_whole(1, 2**12))
_widths = _some(_whole(0, 2**12))
_axes = _some(_whole(-8, 8))
_form = _or_none(_word("channels_last", "channels_first"))
_activation = _word(*_ACTIVATIONS)
_padding = _word("valid", "same", "causal")
_rate = {"rate": _real}

_affine = {"activation": _activation, "use_bias": _flag}
_window = {"strides": _sizes, "padding": _padding, "data_format": _form}
_kernel = _affine | _window | {"kernel_size": _sizes, "dilation_rate": _sizes}
_conv = _kernel | {"filters": _count, "groups": _count}
_transposed = _kernel | {
    "filters": _count,
    "output_padding": _or_none(_widths),
}
_depthwise = _kernel | {"depth_multiplier": _count}
_separable = _depthwise | {"filters": _count}
_pool = _window | {"pool_size": _sizes, "strides": _or_none(_sizes)}
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_global = {"data_format": _form, "keepdims": _flag}
_norm = {"axis": _axes, "epsilon": _real, "center": _flag, "scale": _flag}


def _dims(name: str, low: int = 1) -> tuple[str, ...]:
    return tuple(f"{name}{n}D" for n in range(low, 4))


#: Class → its arguments. The name of the constructor is the key, never the file's.
ARGUMENTS: dict[str, Mapping[str, Check]] = {
    "Dense": _affine | {"units": _count},
    **dict.fromkeys(_dims("Conv"), _conv),
    **{f"Conv{n}DTranspose": _transposed for n in (1, 2, 3)},
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys((*_dims("MaxPooling"), *_dims("AveragePooling")), _pool),
    **dict.fromkeys(
        (*_dims("GlobalMaxPooling"), *_dims("GlobalAveragePooling")), _global
    ),
    "BatchNormalization": _norm | {"momentum": _real},
    "LayerNormalization": _norm,
    "GroupNormalization": _norm | {"groups": _whole(-1, 2**24)},
    "UnitNormalization": {"axis": _axes},
    OUR_BATCH_NORM: {"affine": _flag},
    "Activation": {"activation": _activation},
    "ReLU": {
        "max_value": _or_none(_real),
        "negative_slope": _real,
        "threshold": _real,
    },
    "LeakyReLU": {"negative_slope": _real},
    "PReLU": {"shared_axes": _or_none(_axes)},
    "ELU": {"alpha": _real},
    "Softmax": {"axis": _axes},
    "Dropout": _rate,
    **dict.fromkeys(("AlphaDropout", "GaussianDropout", "SpatialDropout1D"), _rate),
    **dict.fromkeys(_dims("SpatialDropout", 2), _rate | {"data_format": _form}),
    "GaussianNoise": {"stddev": _real},
    "ActivityRegularization": {"l1": _real, "l2": _real},
    "Identity": {},
    "Flatten": {"data_format": _form},
    "Reshape": {"target_shape": _some(_whole(-1, 2**24))},
    "Permute": {"dims": _axes},
    "RepeatVector": {"n": _whole(1, 2**12)},
    **{
        name: {"padding": _widths, "data_format": _form}
        for name in (*_dims("ZeroPadding", 2), "ZeroPadding1D")
    },
    **{
        name: {"cropping": _widths, "data_format": _form}
        for name in (*_dims("Cropping", 2), "Cropping1D")
    },
    "UpSampling1D": {"size": _sizes},
    "UpSampling2D": {
        "size": _sizes,
        "data_format": _form,
        "interpolation": _word("nearest", "bilinear", "bicubic"),
    },
    "UpSampling3D": {"size": _sizes, "data_format": _form},
    "Rescaling": {"scale": _some(_real), "offset": _some(_real)},
    **{name: {} for name in _MERGES},
    "Concatenate": {"axis": _axes},
    "Dot": {"axes": _axes, "normalize": _flag},
}
#: The models that may lie inside one another.
MODELS = ("Functional", "Model", "Sequential")

#: Class → its variables in Keras' order, each with the flag it depends on.
_VARIABLES: tuple[tuple[str, str], ...] = (
    ("Dense Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose",
     "kernel bias:use_bias"),
    ("DepthwiseConv1D DepthwiseConv2D", "depthwise bias:use_bias"),
    ("SeparableConv1D SeparableConv2D", "depthwise pointwise bias:use_bias"),
    ("BatchNormalization",
     "gamma:scale beta:center moving_mean moving_variance"),
    ("LayerNormalization GroupNormalization", "gamma:scale beta:center"),
    (OUR_BATCH_NORM, "gamma:affine beta:affine running_mean running_variance"),
    ("PReLU", "alpha"),
)  # fmt: skip
_DEFAULT_FLAGS = {"use_bias": True, "scale": True, "center": True, "affine": False}


@dataclass(frozen=True)
class Layer:
    """One layer as plain data: its class, name, number type and arguments."""

    kind: str
    name: str
    dtype: str
    arguments: Mapping[str, Any]

    @property
    def variables(self) -> dict[str, int | None]:
        """Variable → its number in the file, None if this layer has none of it."""
        found = next((v for kinds, v in _VARIABLES if self.kind in kinds.split()), "")
        flags = _DEFAULT_FLAGS | dict(self.arguments)
        numbers: dict[str, int | None] = {}
        for variable in found.split():
            name, _, flag = variable.partition(":")
            there = not flag or flags[flag]
            taken = sum(number is not None for number in numbers.values())
            numbers[name] = taken if there else None
        return numbers


def read_layer(row: Mapping[str, Any]) -> Layer:
    """Read one layer's description.

    Raises:
        Refused: it is of no class of the table, or an argument is none of its kind.
    """
    kind, config = class_of(row), row.get("config")
    if kind not in ARGUMENTS:
        raise Refused(
            f"It has a layer {kind[:80]}, which tfluck does not build: a class it does "
            "not know may run code that came with the file. Save the model without it."
        )
    if not isinstance(config, dict):
        raise Refused(f"A layer {kind} has no arguments.")
    name = name_of(config)
    checks = ARGUMENTS[kind]
    kept: dict[str, Any] = {}
    for key, value in config.items():
        if key in checks:
            try:
                kept[key] = checks[key](value)
            except ValueError as error:
                raise Refused(
                    f"Layer '{name}' ({kind}) has {key} = {error}; that is none."
                ) from None
        elif value not in (None, False) and not _OF_TRAINING.fullmatch(key):
            raise Refused(f"Layer '{name}' ({kind}) has an option {key[:80]}, unknown.")
    return Layer(kind, name, _dtype(config.get("dtype")), kept)


def class_of(row: Mapping[str, Any]) -> str:
    """Return the class a row names, if it is Keras' own or tfluck's BatchNorm.

    Raises:
        Refused: the class is somebody else's.
    """
    kind, module = str(row.get("class_name")), str(row.get("module"))
    registered = row.get("registered_name")
    if registered == OUR_BATCH_NORM:
        return OUR_BATCH_NORM
    if not _KERAS.fullmatch(module) or registered not in (None, kind):
        raise Refused(
            f"It names {kind[:80]} ({module[:80]}), which may run code that came with "
            "the file; only layers of Keras are built. Save the model without it."
        )
    return kind


def name_of(config: Mapping[str, Any]) -> str:
    """Return a layer's name.

    Raises:
        Refused: it is no word of at most 200 printable letters.
    """
    name = config.get("name")
    if type(name) is not str or not re.fullmatch(r"\w[\w.\- ]{0,199}", name):
        raise Refused(f"{str(name)[:80]!r} is no name of a layer.")
    return name


def _dtype(value: Any) -> str:
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") != "DTypePolicy" or not isinstance(config, dict):
            raise Refused("A layer computes with numbers of a type of its own.")
        value = config.get("name")
    name = "float32" if value is None else value
    if name not in _DTYPES:
        raise Refused(f"Numbers of type {str(name)[:80]!r} are not computed with.")
    return str(name)
