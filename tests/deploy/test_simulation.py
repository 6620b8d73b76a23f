"""The simulated day: servers share themselves among their pages, and Kubernetes follows its own rules."""

import itertools
import json
import math
from pathlib import Path

import pytest

from deploy.autoscaling.day import HOUR_S, Simulation, Traffic
from deploy.autoscaling.scaler import SYNC_S, Policy, Scaler
from deploy.autoscaling.servers import Fit, Server, fit

# Reads two pages a second, however many there are, of which all but one wait.
EVEN = Fit(pages_s=(0, 2), waiting=(0, *range(8)), most_pages=8, spread=0.1)


def test_a_page_alone_takes_what_its_work_takes() -> None:
    server = Server(EVEN, 0)
    assert server.take(1, 1.0, now_s=10)
    assert server.next_end_s() == pytest.approx(10.5)
    assert server.finish(10.5) == 1
    assert (server.pages, server.next_end_s()) == (0, math.inf)


def test_two_pages_share_a_server_and_one_of_them_waits() -> None:
    server = Server(EVEN, 0)
    server.take(1, 1.0, now_s=0)
    server.take(2, 2.0, now_s=0)
    assert server.next_end_s() == pytest.approx(1.0)
    assert server.finish(1.0) == 1
    assert server.next_end_s() == pytest.approx(1.5)
    server.finish(1.5)
    assert server.waited_s == pytest.approx(1.0)


def test_a_full_server_refuses() -> None:
    server = Server(EVEN, 0)
    assert [server.take(page, 1.0, now_s=0) for page in range(9)] == [*[True] * 8, False]


def test_servers_double_at_most_and_go_one_by_one() -> None:
    scaler = Scaler(Policy(target=1, least=2, most=20, up_s=30, down_s=60, steady_s=60))
    number, numbers = 2, []
    for look in range(20):
        number = scaler.decide(look * SYNC_S, number, metric=100 if look < 6 else 0)
        numbers.append(number)
    assert numbers[:6] == [4, 4, 8, 8, 16, 16]
    assert numbers[6:9] == [16, 16, 16]  # fewer have not been enough for a minute yet
    assert min(numbers) < 16
    assert all(before - after <= 1 for before, after in itertools.pairwise(numbers))


def test_a_tenth_off_the_target_changes_nothing() -> None:
    assert Scaler(Policy(target=2)).decide(0, 4, metric=8.7) == 4


def test_a_fit_reads_what_waits_between_what_was_measured(tmp_path: Path) -> None:
    loads = [
        {"in_pipeline": 1, "waiting": {"a": 1}},
        {"in_pipeline": 3, "waiting": {"a": 4, "b": 1}},
    ]
    (tmp_path / "measured.json").write_text(json.dumps(loads))
    fitted = fit(tmp_path / "measured.json", most_pages=4)
    assert fitted.waiting == (0, 1, 3, 5, 5)
    assert fitted.pages_s == pytest.approx((0, 2.18, 2.53, 2.465, 2.40))


def test_a_fit_to_a_run_of_measure_takes_its_speeds_and_spread(tmp_path: Path) -> None:
    one = {"clients": 1, "seconds": 10.0, "answered": 20, "in_pipeline": 1.0, "waiting": {"a": 0.5}}
    many = {"clients": 8, "seconds": 10.0, "answered": 40, "in_pipeline": 3.0, "waiting": {"a": 6, "b": 0.5}}
    loads = [{**many, "p50_s": 2.0, "p95_s": 2.0}, {**one, "p50_s": 1.0, "p95_s": math.e**1.645}]
    (tmp_path / "measured.json").write_text(json.dumps(loads), encoding="utf-8")
    fitted = fit(tmp_path / "measured.json", most_pages=4)
    assert fitted.pages_s == (0, 2, 3, 4, 4)
    assert fitted.waiting == (0, 0.5, 3.5, 6.5, 6.5)
    assert fitted.spread == pytest.approx(1)


def test_servers_follow_the_load_and_nothing_is_lost_on_the_way() -> None:
    traffic = Traffic(night=1, day=1, burst=3.5, burst_from_s=HOUR_S / 2, burst_s=900)
    day = Simulation(EVEN, Policy(target=0.5, most=8), traffic).run(1.5 * HOUR_S)
    numbers = dict(day.servers)
    assert (numbers[1200.0], day.servers[-1][1]) == (2, 2)
    assert max(numbers.values()) > 2
    assert sum(day.lost.values()) == 0
    assert sum(map(len, day.latencies_s.values())) == pytest.approx(5400 + 2.5 * 900, rel=0.05)
