"""Keras functional models and what fills them."""
