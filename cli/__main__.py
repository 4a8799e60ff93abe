"""``python -m tfluck.cli`` does what ``tfluck`` does."""

from .entry import main

main()
