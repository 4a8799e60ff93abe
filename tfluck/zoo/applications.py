"""Where the published weights of `keras.applications` lie.

Keras itself would download a whole file; with its address known, the BatchNorm tensors
alone are read. A file Keras has downloaded before is found and used.
"""

import os
from pathlib import Path

_HOST = "https://storage.googleapis.com"
_KERNELS = "weights_tf_dim_ordering_tf_kernels"


def _addresses() -> dict[str, str]:
    def under(folder: str, files: dict[str, str]) -> dict[str, str]:
        root = f"{_HOST}/tensorflow/keras-applications/{folder}"
        return {name: f"{root}/{file}.h5" for name, file in files.items()}

    def kernels(folder: str, *names: str) -> dict[str, str]:
        return under(folder, {name: f"{name.lower()}_{_KERNELS}" for name in names})

    resnets = [f"ResNet{depth}{v}" for v in ("", "V2") for depth in (50, 101, 152)]
    v2 = ("B0", "B1", "B2", "B3", "S", "M", "L")
    return {
        **kernels("vgg16", "VGG16"),
        **kernels("vgg19", "VGG19"),
        **kernels("resnet", *resnets),
        **kernels("densenet", "DenseNet121", "DenseNet169", "DenseNet201"),
        **kernels("xception", "Xception"),
        **under("inception_v3", {"InceptionV3": f"inception_v3_{_KERNELS}"}),
        **under(
            "inception_resnet_v2",
            {"InceptionResNetV2": f"inception_resnet_v2_{_KERNELS}"},
        ),
        **under("mobilenet", {"MobileNet": "mobilenet_1_0_224_tf"}),
        **under("mobilenet_v2", {"MobileNetV2": f"mobilenet_v2_{_KERNELS}_1.0_224"}),
        **under(
            "mobilenet_v3",
            {
                "MobileNetV3Small": "weights_mobilenet_v3_small_224_1.0_float",
                "MobileNetV3Large": "weights_mobilenet_v3_large_224_1.0_float",
            },
        ),
        **under(
            "nasnet",
            {f"NASNet{size}": f"NASNet-{size.lower()}" for size in ("Mobile", "Large")},
        ),
        **under(
            "efficientnet_v2",
            {f"EfficientNetV2{size}": f"efficientnetv2-{size.lower()}" for size in v2},
        ),
        **{
            f"EfficientNetB{n}": f"{_HOST}/keras-applications/efficientnetb{n}.h5"
            for n in range(8)
        },
    }


#: `keras.applications` name → address of its ImageNet weights.
APPLICATIONS: dict[str, str] = _addresses()
#: The networks there without BatchNorm whose bias can be measured on images.
PLAIN = ("VGG16", "VGG19")
#: The networks there that normalise otherwise.
LAYER_NORM = tuple(f"ConvNeXt{s}" for s in ("Tiny", "Small", "Base", "Large", "XLarge"))


def keras_folder() -> Path:
    """Return where Keras keeps downloaded weights."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


#: Folder of an address → what ends a file without dense layers; elsewhere "_notop".
_NO_TOP = {
    "mobilenet": "_no_top",
    "mobilenet_v2": "_no_top",
    "mobilenet_v3": "_no_top_v2",
    "nasnet": "-no-top",
}


def without_top(url: str) -> str:
    """Return the address of the same weights without the dense layers on top."""
    folder = url.rsplit("/", 2)[1]
    return f"{url.removesuffix('.h5')}{_NO_TOP.get(folder, '_notop')}.h5"


def downloaded(name: str) -> Path | None:
    """Return the file Keras has already downloaded for ``name``, if any."""
    for url in (APPLICATIONS[name], without_top(APPLICATIONS[name])):
        path = keras_folder() / kept_name(url)
        if path.is_file():
            return path
    return None


def kept_name(url: str) -> str:
    """Return the file name under which Keras keeps ``url``."""
    name = url.rsplit("/", 1)[1]
    if name.startswith("NASNet"):
        return name.lower().replace("-", "_")
    return name
