"""How Kubernetes chooses the number of servers: the algorithm of a HorizontalPodAutoscaler, which KEDA uses, too."""

import dataclasses
import math

# As Kubernetes has it: how often it looks, and what it takes for no difference.
SYNC_S = 15.0
TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class Policy:
    """What the chart sets (templates/autoscaling.yaml).

    Attributes:
        target: Of the metric, for each server.
        least: Servers.
        most: Servers.
        up_s: Within so long, servers may double, or become two more.
        down_s: Within so long, one may go.
        steady_s: Servers go if fewer have been enough for so long.
    """

    target: float
    least: int = 2
    most: int = 8
    up_s: float = 30.0
    down_s: float = 60.0
    steady_s: float = 300.0


class Scaler:
    """Decides every `SYNC_S`."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._wanted: list[tuple[float, int]] = []
        self._decided: list[tuple[float, int]] = []

    def decide(self, now_s: float, servers: int, metric: float) -> int:
        """The number of servers from now on.

        Args:
            now_s: The time.
            servers: Those that there are or that start.
            metric: The sum over all servers.

        >>> Scaler(Policy(target=2)).decide(0, 2, 20.0)
        4
        """
        policy = self._policy
        ratio = metric / (policy.target * servers)
        wanted = servers if abs(ratio - 1) <= TOLERANCE else math.ceil(metric / policy.target)
        wanted = min(max(wanted, policy.least), policy.most)
        self._wanted = [(at_s, number) for at_s, number in self._wanted if at_s > now_s - policy.steady_s]
        self._wanted.append((now_s, wanted))
        if not self._decided:
            self._decided.append((-math.inf, servers))
        steady = max(number for _, number in self._wanted)
        if wanted > servers:
            start = self._at(now_s - policy.up_s)
            decided = max(servers, min(wanted, max(2 * start, start + 2)))
        else:
            decided = max(min(steady, servers), min(servers, self._at(now_s - policy.down_s) - 1))
        self._decided.append((now_s, decided))
        return decided

    def _at(self, then_s: float) -> int:
        """How many had been decided then."""
        return next(number for at_s, number in reversed(self._decided) if at_s <= then_s)
