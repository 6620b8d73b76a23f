"""Simulate a day of servers that follow their load, for several targets, from what `measure.py` has measured.

    python -m deploy.autoscaling.simulate

It prints a table and draws the day of the chart's default. docs/scale.md says what is measured in it and what is not.
"""

import dataclasses
import statistics
from pathlib import Path

import click
import yaml
from matplotlib import pyplot as plt
from tabulate import tabulate

from deploy.autoscaling.day import BUCKET_S, HOUR_S, Day, Simulation, Traffic
from deploy.autoscaling.scaler import Policy
from deploy.autoscaling.servers import Fit, fit

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ocr-triton"
PICTURE = ROOT / "docs" / "autoscaling.png"
TARGETS = (1, 2, 4, 8)
# The burst, and the time until the servers that it calls for serve.
AFTER_S = 600


def chart_policy() -> Policy:
    """What the chart does by default."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["autoscaling"]
    return Policy(
        target=values["waitingPerReplica"],
        least=values["minReplicas"],
        most=values["maxReplicas"],
        steady_s=values["scaleDownSeconds"],
    )


def row(name: str, day: Day, traffic: Traffic) -> list[object]:
    """One line of the table."""
    first, last = (int(s // BUCKET_S) for s in (traffic.burst_from_s, traffic.burst_from_s + traffic.burst_s + AFTER_S))
    burst = {bucket: found for bucket, found in day.latencies_s.items() if first <= bucket < last}
    usual = {bucket: found for bucket, found in day.latencies_s.items() if bucket not in burst}
    pages = sum(map(len, day.latencies_s.values()))
    return [
        name,
        round(day.server_hours),
        max(number for _, number in day.servers),
        percentile(usual),
        percentile(burst),
        f"{100 * sum(day.refused.values()) / (pages + sum(day.refused.values())):.1f} %",
        sum(day.lost.values()),
    ]


def percentile(latencies_s: dict[int, list[float]]) -> str:
    """Median and 95th percentile of all pages."""
    cuts = statistics.quantiles([latency for found in latencies_s.values() for latency in found], n=20)
    return f"{cuts[9]:.1f} / {cuts[18]:.1f}"


HEADS = [
    "target",
    "server-hours",
    "most servers",
    "p50 / p95, s",
    "burst: p50 / p95, s",
    "refused attempts",
    "lost pages",
]


def draw(day: Day, traffic: Traffic, server: Fit, policy: Policy, target: Path) -> None:
    """Draw load and servers, what waits, and how long pages take."""
    hours = [now_s / HOUR_S for now_s, _ in day.servers]
    capacity = max(server.pages_s)
    figure, (above, middle, below) = plt.subplots(3, sharex=True, figsize=(9, 7), constrained_layout=True)
    above.plot(hours, [traffic.pages_s(now_s) for now_s, _ in day.servers], color="tab:orange", label="pages that come")
    above.step(
        hours, [number * capacity for _, number in day.servers], color="tab:blue", label="pages that could be read"
    )
    above.set_ylabel("pages/s")
    above.legend(loc="upper left")
    middle.plot(hours, day.waiting, color="tab:gray", linewidth=0.6)
    middle.axhline(policy.target, color="tab:red", linestyle="--", label="target")
    middle.set_ylabel("requests that wait,\nfor each server")
    middle.legend(loc="upper left")
    buckets = sorted(bucket for bucket, found in day.latencies_s.items() if len(found) > 1)
    for share, color in ((50, "tab:green"), (95, "tab:purple")):
        values = [statistics.quantiles(day.latencies_s[bucket], n=100)[share - 1] for bucket in buckets]
        below.plot([bucket * BUCKET_S / HOUR_S for bucket in buckets], values, color=color, label=f"p{share}")
    below.set_ylabel("seconds a page")
    below.set_xlabel("hour of the day")
    below.set_xlim(0, 24)
    below.set_xticks(range(0, 25, 3))
    below.legend(loc="upper left")
    figure.savefig(target, dpi=110)


@click.command()
@click.option("--measured", type=click.Path(path_type=Path), default=Path(__file__).with_name("measured.json"))
@click.option("--picture", type=click.Path(path_type=Path), default=PICTURE)
def main(measured: Path, picture: Path) -> None:
    """Print a table of a day with several targets, and draw that of the chart's default."""
    server, ours = fit(measured), chart_policy()
    traffic = Traffic.busying(server.pages_s[-1])
    rows = []
    for target in sorted({*TARGETS, ours.target}):
        policy = dataclasses.replace(ours, target=target)
        day = Simulation(server, policy, traffic).run()
        rows.append(row(f"**{target}**" if target == ours.target else str(target), day, traffic))
        if target == ours.target:
            draw(day, traffic, server, policy, picture)
    print(tabulate(rows, HEADS, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
