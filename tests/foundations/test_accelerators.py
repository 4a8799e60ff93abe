"""A GPU is shared, found or said to be missing; there is none here, so it is pretended."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tfluck.experiment.cost import chunk_length
from tfluck.experiment.scales import configure
from tfluck.foundations import accelerators, runtime


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which drivers show their devices; nothing in the environment."""
    monkeypatch.setattr(accelerators, "DEVICES", tmp_path)
    for name in accelerators.HIDING:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["nvidia0", "nvidia11", "kfd"])
def test_a_driver_shows_a_gpu_and_the_environment_hides_it(
    name: str, devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not accelerators.gpu_here()
    (devices / "nvidiactl").touch()
    assert not accelerators.gpu_here(), "a driver without a device"
    (devices / name).touch()
    assert accelerators.gpu_here()
    for hidden in ("", "-1", " -1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not accelerators.gpu_here()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert accelerators.gpu_here()


def test_the_device_is_said_and_how_it_came_to_that(
    devices: Path, monkeypatch: pytest.MonkeyPatch, tf: Any
) -> None:
    cpu = "Computes on the CPU, 2 threads"
    assert runtime.device_line().startswith(cpu)
    assert runtime.device_line().endswith("there is no GPU.")
    (devices / "nvidia0").touch()
    assert runtime.device_line().startswith(cpu)
    assert "cannot use the GPU" in runtime.device_line()
    monkeypatch.setattr(runtime, "gpu_names", lambda: ["Tesla T4"])
    assert "Tesla T4, TensorFlow's first GPU" in runtime.device_line()


def test_every_gpu_is_shared_and_one_in_use_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tf: Any
) -> None:
    first, second = SimpleNamespace(name="0"), SimpleNamespace(name="1")
    grown: list[str] = []

    def grow(gpu: Any, enable: bool) -> None:
        assert enable
        if gpu is first:
            raise RuntimeError("Physical devices cannot be modified")
        grown.append(gpu.name)

    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: [first, second]
    )
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", grow)
    runtime.share_gpus()
    assert grown == ["1"]


def test_a_gpu_gets_longer_calls_and_convolutions_inside_xla(devices: Path) -> None:
    _, cpu = configure("paper", arch="cnn")
    assert not cpu.jit
    (devices / "nvidia0").touch()
    experiment, gpu = configure("paper", arch="cnn")
    assert gpu.jit and gpu.chunk == chunk_length(experiment, gpu=True) > cpu.chunk
    _, asked = configure("paper", arch="cnn", jit=False, chunk=3)
    assert not asked.jit and asked.chunk == 3
