"""What pages pay for being read however they lie: what is made of the measurements."""

from benchmarks.latency.orientation import Cost, Work, row


def test_a_row_has_the_second_readings_share_of_the_lines_the_pixels_and_the_time() -> None:
    read_once = Cost(first=Work(6, 600, 0.2), again=Work(), cpu_s=1.0)
    read_again = Cost(first=Work(4, 400, 0.1), again=Work(2, 50, 0.02), cpu_s=1.0)
    assert row("scenes", [read_once, read_again]) == ["scenes", "2", "1", "2 of 10", "5.0%", "1.0%"]


def test_a_set_without_text_has_a_row_too() -> None:
    assert row("blank", [Cost(Work(), Work(), 0.5)]) == ["blank", "1", "0", "0 of 0", "0.0%", "0.0%"]
