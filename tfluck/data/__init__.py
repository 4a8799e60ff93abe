"""Where inputs come from: endless or finite streams of batches."""

from tfluck.data.gaussian import Stream, gaussian_batches

__all__ = ["Stream", "gaussian_batches"]
