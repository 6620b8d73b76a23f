"""Who waits for a place in the gate, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from ocr_gate import line
from ocr_gate.line import Line


@dataclass
class Pipeline:
    """Of so many places.

    Attributes:
        places: That are free.
        entered: Who got one, in order.
        asked: How often somebody asked for one.
        refusals: How many went without one.
    """

    places: int = 1
    entered: list[str] = field(default_factory=list)
    asked: int = 0
    refusals: int = 0
    leaving: dict[str, asyncio.Event] = field(default_factory=dict)

    async def enter(self, name: str) -> str:
        """Stay until `leave`; "refused" if there is no place."""
        self.asked += 1
        if self.places == 0:
            return "refused"
        self.places -= 1
        self.entered.append(name)
        self.leaving[name] = asyncio.Event()
        try:
            await self.leaving[name].wait()
        finally:
            self.places += 1
        return name

    def note_refusal(self) -> None:
        """Somebody goes without a place."""
        self.refusals += 1

    def leave(self, name: str) -> None:
        """Give the place back."""
        self.leaving[name].set()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(scene: Callable[[Pipeline, Callable[..., asyncio.Task[str | None]]], Awaitable[None]]) -> None:
    """Play a scene: it gets a pipeline, and a function that has somebody ask for a place."""

    async def play() -> None:
        pipeline = Pipeline()
        queue = Line(pipeline.note_refusal)

        def come(name: str, timeout_s: float = 60) -> asyncio.Task[str | None]:
            asked = queue.ask(lambda: pipeline.enter(name), lambda answer: answer == "refused", timeout_s)
            return asyncio.create_task(asked)

        await scene(pipeline, come)

    asyncio.run(play())


def test_who_is_refused_is_tried_again_when_another_was_answered_first_come_first_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "WAIT_S", 60)

    async def scene(pipeline: Pipeline, come: Callable[..., asyncio.Task[str | None]]) -> None:
        tasks = []
        for name in "abcd":
            tasks.append(come(name))
            await settle()
        assert (pipeline.entered, pipeline.asked) == (["a"], 2)  # c and d stand behind b, and do not ask
        for name in "abcd":
            pipeline.leave(name)
            await settle()
        assert [task.result() for task in tasks] == list("abcd") == pipeline.entered
        assert pipeline.refusals == 0  # though the server refused b once

    run(scene)


@pytest.mark.parametrize(("wait_s", "timeout_s"), [(0.01, 60), (60, 0.08)])
def test_who_has_waited_long_enough_is_refused(
    monkeypatch: pytest.MonkeyPatch, wait_s: float, timeout_s: float
) -> None:
    monkeypatch.setattr(line, "WAIT_S", wait_s)

    async def scene(pipeline: Pipeline, come: Callable[..., asyncio.Task[str | None]]) -> None:
        first = come("a")
        await settle()
        tasks = [come(name, timeout_s) for name in "bc"]
        assert [await task for task in tasks] == ["refused", None]
        assert pipeline.refusals == 2
        pipeline.leave("a")
        assert await first == "a"
        last = come("d")
        await settle()
        pipeline.leave("d")
        assert await last == "d"

    run(scene)


def test_a_place_that_becomes_free_without_an_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LOOK_S", 0.01)

    async def scene(pipeline: Pipeline, come: Callable[..., asyncio.Task[str | None]]) -> None:
        pipeline.places = 0
        waiting = come("a")
        await settle()
        pipeline.places = 1
        while not pipeline.entered:
            await asyncio.sleep(0)
        pipeline.leave("a")
        assert await waiting == "a"

    run(scene)


def test_more_are_let_in_at_once_when_there_are_more_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise those under way would stay as few as they were at the worst moment."""
    monkeypatch.setattr(line, "LOOK_S", 0.01)
    monkeypatch.setattr(line, "WAIT_S", 60)

    async def scene(pipeline: Pipeline, come: Callable[..., asyncio.Task[str | None]]) -> None:
        tasks = [come(name) for name in "abc"]
        await settle()
        assert pipeline.entered == ["a"]
        pipeline.places = 2
        while len(pipeline.entered) < 3:
            await asyncio.sleep(0)
        for name in "abc":
            pipeline.leave(name)
        assert [await task for task in tasks] == list("abc")

    run(scene)


def test_callers_who_go_let_the_next_one_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "WAIT_S", 60)
    monkeypatch.setattr(line, "LOOK_S", 60)

    async def scene(pipeline: Pipeline, come: Callable[..., asyncio.Task[str | None]]) -> None:
        tasks = {}
        for name in "abc":
            tasks[name] = come(name)
            await settle()
        tasks["a"].cancel()  # b is called
        tasks["b"].cancel()  # while it waits or enters
        with suppress(asyncio.CancelledError):
            await tasks["b"]
        await settle()
        assert pipeline.entered[-1] == "c"
        pipeline.leave("c")
        assert await tasks["c"] == "c"

    run(scene)
