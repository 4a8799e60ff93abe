"""Commands that experiment upon runs: tickets, pruning, nodes that are used."""
