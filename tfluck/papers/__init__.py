"""The papers: their figures, claims and verdicts."""
