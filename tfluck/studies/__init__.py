"""Experiments upon runs that are there: lottery tickets, pruning, which nodes
are used, flatness, luck.

They stand above ``sweeps``, because they let its processes train many small students.
"""
