"""What a picture shows is said in numbers that are those of its table."""

import pandas as pd

from tfluck.papers.report.described import in_numbers, spread


def test_curves_begin_and_end_where_their_table_does() -> None:
    rows = [
        ("luck-matters/figure-7-fc-bn", seed, epoch, "eval", 0, "mean_rank", value)
        for seed, values in ((1, (0.4, 0.2, 0.0)), (2, (0.2, 0.1, 0.0)))
        for epoch, value in enumerate(values)
    ]
    rows += [("p/x", 1, epoch, "train", None, "loss", 2.0 - epoch) for epoch in (0, 1)]
    columns = ["preset", "seed", "epoch", "split", "layer", "metric", "value"]
    rank, loss = in_numbers(pd.DataFrame(rows, columns=columns))
    assert rank == {
        "run": "figure-7-fc-bn",
        "what": "mean_rank",
        "where": "layer 0",
        "at first": "0.3 (0.2 to 0.4)",
        "at last": "0",
        "epochs": "0 to 2",
    }
    assert (loss["what"], loss["where"]) == ("loss (train)", "")
    assert (loss["at first"], loss["at last"]) == ("2", "1")


def test_columns_of_other_tables_are_spread() -> None:
    table = pd.DataFrame(
        {
            "x": [1.0, 2.0, 9.0, None],
            "same": [3, 3, 3, 3],
            "word": list("abca"),
            "yes": [True, False, True, True],
            "none": [None] * 4,
        }
    )
    found = {
        line["column"]: (line["rows"], line["values"]) for line in in_numbers(table)
    }
    assert found == {
        "x": (3, "1 to 9, median 2"),
        "same": (4, "3"),
        "word": (4, "a, b, c"),
        "yes": (4, "True, False"),
        "none": (0, "–"),
    }
    many = pd.DataFrame({"word": [f"w{i}" for i in range(11)]})
    assert in_numbers(many)[0]["values"].endswith("w7 and 3 more")


def test_a_spread_leaves_out_what_nobody_knows() -> None:
    assert spread([None, float("nan")]) == "–"
    assert spread([0.25, None]) == "0.25"
    assert spread([0.1, 0.2]) == "0.15 (0.1 to 0.2)"
