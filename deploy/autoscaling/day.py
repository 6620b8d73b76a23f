"""A day of pages that come by the clock, and of servers that follow them."""

import dataclasses
import heapq
import itertools
import math
import random
from collections import defaultdict, deque
from collections.abc import Iterator

from deploy.autoscaling.scaler import SYNC_S, Policy, Scaler
from deploy.autoscaling.servers import Fit, Server

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
# A new server is scheduled, starts and reads its first images.
START_S = 60.0
# Prometheus: the average over this.
WINDOW_S = 60.0
# Clients: the pause after the first refusal, which doubles up to the longest, and when they give up.
PAUSE_S, LONGEST_PAUSE_S, DEADLINE_S = 0.5, 8.0, 60.0
BUCKET_S = 300.0


@dataclasses.dataclass(frozen=True)
class Traffic:
    """Pages a second by the time of day.

    Attributes:
        night: The least, at three in the morning.
        day: The most, at three in the afternoon, without the burst.
        burst: So many times as many, ...
        burst_from_s: ... from here, ...
        burst_s: ... for so long.
    """

    night: float = 0.3
    day: float = 6.0
    burst: float = 2.5
    burst_from_s: float = 10 * HOUR_S
    burst_s: float = 900.0

    @classmethod
    def busying(cls, pages_s: float) -> "Traffic":
        """What keeps two and a half servers busy by day, an eighth of one at night, and over six of them in the burst.

        Args:
            pages_s: That one server reads.
        """
        return cls(night=pages_s / 8, day=2.5 * pages_s)

    def pages_s(self, now_s: float) -> float:
        """At a time.

        >>> round(Traffic().pages_s(3 * HOUR_S), 1), round(Traffic().pages_s(15 * HOUR_S), 1)
        (0.3, 6.0)
        """
        usual = self.night + (self.day - self.night) * (1 - math.cos(2 * math.pi * (now_s / HOUR_S - 3) / 24)) / 2
        return usual * (self.burst if 0 <= now_s - self.burst_from_s < self.burst_s else 1)


@dataclasses.dataclass
class Day:
    """What happened.

    Attributes:
        latencies_s: Of the pages that came in each five minutes, refusals and pauses included.
        refused: Attempts, likewise.
        lost: Pages that nobody read within their minute, likewise.
        servers: How many there were at each look, with its time.
        waiting: The metric for each server, likewise.
        server_hours: Paid for.
    """

    latencies_s: dict[int, list[float]] = dataclasses.field(default_factory=lambda: defaultdict(list))
    refused: dict[int, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    lost: dict[int, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    servers: list[tuple[float, int]] = dataclasses.field(default_factory=list)
    waiting: list[float] = dataclasses.field(default_factory=list)
    server_hours: float = 0.0


class Simulation:
    """Events in the order of time: a page comes, a server has read one, Kubernetes looks."""

    def __init__(self, fit: Fit, policy: Policy, traffic: Traffic, seed: int = 0) -> None:
        self.day = Day()
        self._fit, self._traffic, self._policy = fit, traffic, policy
        self._scaler = Scaler(policy)
        self._chance = random.Random(seed)  # noqa: S311 - a simulation
        self._servers = [Server(fit, 0.0) for _ in range(policy.least)]
        self._starting: list[float] = []
        self._gone_waited_s = 0.0
        self._looks: deque[tuple[float, float]] = deque([(0.0, 0.0)])
        self._came_s: dict[int, float] = {}
        # (when, order, page, its work, attempts so far)
        self._coming: list[tuple[float, int, int, float, int]] = []
        self._order = itertools.count()

    def run(self, until_s: float = DAY_S) -> Day:
        """All of it."""
        arrivals = self._arrivals()
        self._expect(next(arrivals))
        look_s = SYNC_S
        while look_s < until_s:
            ending = min(self._servers, key=Server.next_end_s)
            end_s = ending.next_end_s()
            now_s = min(self._coming[0][0], end_s, look_s)
            if now_s == look_s:
                self._look(now_s)
                look_s += SYNC_S
            elif now_s == end_s:
                self._end(ending, now_s)
            else:
                _, _, page, work, attempts = heapq.heappop(self._coming)
                if attempts == 0:
                    self._expect(next(arrivals))
                self._ask(now_s, page, work, attempts)
        return self.day

    def _arrivals(self) -> Iterator[float]:
        """Times at which pages come: a Poisson process, thinned to the traffic of the hour."""
        most, now_s = self._traffic.day * self._traffic.burst, 0.0
        while True:
            now_s += self._chance.expovariate(most)
            if self._chance.random() < self._traffic.pages_s(now_s) / most:
                yield now_s

    def _expect(self, when_s: float) -> None:
        page = next(self._order)
        self._came_s[page] = when_s
        heapq.heappush(self._coming, (when_s, page, page, self._fit.work(self._chance), 0))

    def _ask(self, now_s: float, page: int, work: float, attempts: int) -> None:
        """A client asks one of the servers, as a service of Kubernetes spreads them: any."""
        server = self._chance.choice([found for found in self._servers if not found.is_leaving])
        if server.take(page, work, now_s):
            return
        bucket = int(self._came_s[page] // BUCKET_S)
        self.day.refused[bucket] += 1
        pause_s = min(LONGEST_PAUSE_S, PAUSE_S * 2**attempts) * self._chance.uniform(0.5, 1.5)
        if now_s + pause_s > self._came_s[page] + DEADLINE_S:
            self.day.lost[bucket] += 1
            del self._came_s[page]
        else:
            heapq.heappush(self._coming, (now_s + pause_s, next(self._order), page, work, attempts + 1))

    def _end(self, server: Server, now_s: float) -> None:
        came_s = self._came_s.pop(server.finish(now_s))
        self.day.latencies_s[int(came_s // BUCKET_S)].append(now_s - came_s)
        if server.is_leaving and not server.pages:
            self._gone_waited_s += server.waited_s
            self._servers.remove(server)

    def _look(self, now_s: float) -> None:
        """Prometheus and Kubernetes look; servers start and leave."""
        for server in self._servers:
            server.advance(now_s)
        self._servers += [Server(self._fit, now_s) for ready_s in self._starting if ready_s <= now_s]
        self._starting = [ready_s for ready_s in self._starting if ready_s > now_s]
        serving = [server for server in self._servers if not server.is_leaving]
        self._looks.append((now_s, self._gone_waited_s + sum(server.waited_s for server in self._servers)))
        while len(self._looks) > 1 + WINDOW_S / SYNC_S:
            self._looks.popleft()
        (first_s, first), (last_s, last) = self._looks[0], self._looks[-1]
        metric = (last - first) / (last_s - first_s)
        number = len(serving) + len(self._starting)
        wanted = self._scaler.decide(now_s, number, metric)
        self._starting += [now_s + START_S] * (wanted - number)
        for server in serving[: max(0, number - wanted)]:
            server.is_leaving = True
            if not server.pages:
                self._gone_waited_s += server.waited_s
                self._servers.remove(server)
        self.day.servers.append((now_s, len(serving)))
        self.day.waiting.append(metric / number)
        self.day.server_hours += number * SYNC_S / HOUR_S
