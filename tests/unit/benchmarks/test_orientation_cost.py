"""What pages pay for being read however they lie: what is made of the measurements."""

from benchmarks.latency.orientation import Cost, Work, row


def test_a_row_has_the_share_of_second_looks_and_readings_in_the_lines_the_pixels_and_the_time() -> None:
    once = Cost(first=Work(6, 600, 0.2), again=Work(), glance_s=0.0, looks_s=0.0, cpu_s=1.0)
    read_again = Cost(first=Work(4, 400, 0.1), again=Work(2, 50, 0.02), glance_s=0.0, looks_s=0.0, cpu_s=1.0)
    looked_at_again = Cost(first=Work(4, 400, 0.1), again=Work(), glance_s=0.01, looks_s=0.27, cpu_s=1.0, angle=270)
    expected = ["scenes", "3", "1", "1", "2 of 14", "3.6%", "10.0%", "2", "1.0%"]
    assert row("scenes", [once, read_again, looked_at_again]) == expected


def test_a_set_without_text_has_a_row_too() -> None:
    assert row("blank", [Cost(Work(), Work(), 0.0, 0.0, 0.5)]) == [
        "blank",
        "1",
        "0",
        "0",
        "0 of 0",
        "0.0%",
        "0.0%",
        "1",
        "0.0%",
    ]
