"""What a figure shows, in numbers: its table for those who do not see the picture."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

#: Columns of a table of runs.
OF_RUNS = {"preset", "epoch", "split", "layer", "metric", "value"}
#: Words of a column that are still named one by one.
NAMED = 8
Line = dict[str, Any]


def in_numbers(table: pd.DataFrame) -> list[Line]:
    """Return a few lines that say what the picture of ``table`` says.

    Of curves over training: where each begins and ends, as a mean over students with its
    range. Of other tables: how each column is spread.
    """
    if set(table.columns) >= OF_RUNS:
        return list(_curves(table))
    return [_column(str(name), table[name]) for name in table.columns]


def _curves(table: pd.DataFrame) -> Iterator[Line]:
    keys = ["preset", "metric", "split", "layer"]
    for found, rows in table.groupby(keys, dropna=False, sort=False):
        preset, metric, split, layer = map(str, found)
        first, last = int(rows.epoch.min()), int(rows.epoch.max())
        yield {
            "run": preset.rpartition("/")[2],
            "what": f"{metric} ({split})" if metric == "loss" else metric,
            "where": "" if layer == "nan" else f"layer {layer.partition('.')[0]}",
            "at first": spread(rows[rows.epoch == first].value),
            "at last": spread(rows[rows.epoch == last].value),
            "epochs": f"{first} to {last}",
        }


def spread(values: Iterable[float | None]) -> str:
    """Say a mean over students, and the range where they differ."""
    known = [float(v) for v in values if v is not None and not pd.isna(v)]
    if not known:
        return "–"
    ends = (sum(known) / len(known), min(known), max(known))
    mean, low, high = (f"{value:.3g}" for value in ends)
    return mean if low == high else f"{mean} ({low} to {high})"


def _column(name: str, values: pd.Series) -> Line:
    known = values.dropna()
    return {"column": name, "rows": len(known), "values": _values(known)}


def _values(known: pd.Series) -> str:
    if known.empty:
        return "–"
    if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known):
        low, median, high = (f"{v:.4g}" for v in known.quantile([0, 0.5, 1]))
        return low if low == high else f"{low} to {high}, median {median}"
    words = [str(word) for word in dict.fromkeys(known)]
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more
