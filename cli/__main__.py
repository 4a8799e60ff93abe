"""``python -m tfluck.cli`` does what ``tfluck`` does."""

from .main import main

main()
