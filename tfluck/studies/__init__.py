"""Experiments upon runs that are there: what their students' weights say, tried out."""
