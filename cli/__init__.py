"""The command line: parse, call the library, print. Installed as ``tfluck.cli``."""
