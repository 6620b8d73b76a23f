"""Two checkouts compared: what is made of the measurements, and what is said of a checkout that cannot be served."""

from pathlib import Path

from click.testing import CliRunner

from benchmarks.latency.before_after import Cost, main, table
from tests.unit.benchmarks.markdown import rows


def test_the_table_has_the_medians_of_both_and_of_the_rounds_ratios() -> None:
    """A round that other work slows, slows both: its ratio is as good as any."""
    measured = [
        (Cost(2.0, 1000), Cost(1.9, 1020)),
        (Cost(1.0, 1100), Cost(0.99, 1089)),
        (Cost(2.0, 1000), Cost(2.0, 990)),
    ]
    before, after, ratio = rows(table(measured))
    assert before == ["before", "2.00", "1000"]
    assert after == ["after", "1.90", "1020"]
    assert ratio == ["after / before", "0.990", "0.990"]


def test_a_checkout_without_an_environment_is_told_how_to_make_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path)])
    assert done.exit_code == 1
    assert f"run `make export` in {tmp_path}" in done.stderr
