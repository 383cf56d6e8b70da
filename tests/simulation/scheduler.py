"""Who goes on next, who dies, who is paused: decided by chance, one step at a time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.simulation.chance import Chance
from tests.simulation.database import Database, Steps

MAX_TICKS: Final = 60_000  # a run that is not done by then never will be
LOOK_TICKS: Final = 80  # how often it is looked whether all is done
RESTART_TICKS: Final = 60
PAUSE_TICKS: Final = 400
FLICKER: Final = 0.02  # how often a statement finds the database away, in a storm
FREQUENT, RARE = 1 / 80, 1 / 400


@dataclass(frozen=True, slots=True)
class Weather:
    """How often each fault strikes: the first ones per step, the others at each occasion."""

    crash: float = 0.0
    pause: float = 0.0
    rebalance: float = 0.0
    blackout: float = 0.0  # the database ends every session
    away: float = 0.0  # a statement finds the database away
    deaf: float = 0.0  # the answer of a commit is lost
    refusal: float = 0.0  # the broker does not take a record
    lost_ack: float = 0.0  # it takes it, and the producer does not hear so
    gaps: float = 0.0  # offsets left out of the log
    clock: float = 0.0  # the clock of a service jumps

    @property
    def striking(self) -> float:
        """How often one of the faults that strike by the step does."""
        return self.crash + self.pause + self.rebalance + self.blackout

    def without(self, fault: str) -> "Weather":
        """The same without one kind of fault."""
        return replace(self, **{fault: 0.0})


FAIR: Final = Weather()


def weather_of(chance: Chance) -> Weather:
    """A seed's weather: each fault is absent, rare or frequent by itself, so that every mixture comes up."""

    def rate(rare: float, frequent: float) -> float:
        return chance.one_of((0.0, 0.0, rare, frequent))

    return Weather(
        crash=rate(RARE, FREQUENT),
        pause=rate(RARE, FREQUENT),
        rebalance=rate(RARE, FREQUENT / 2),
        blackout=rate(RARE / 2, RARE),
        away=rate(FLICKER / 8, FLICKER),
        deaf=rate(FLICKER, 5 * FLICKER),
        refusal=rate(FLICKER, 10 * FLICKER),
        lost_ack=rate(FLICKER, 10 * FLICKER),
        gaps=rate(FLICKER, 10 * FLICKER),
        clock=rate(FLICKER, 10 * FLICKER),
    )


@dataclass(slots=True)
class Task:
    """One line of work within a process, and from which tick on it goes on."""

    process: "Process"
    steps: Steps[None]
    wake: int = 0


@dataclass(slots=True)
class Process:
    """A process that may die and be started again. `start` makes its tasks, `fell_silent` is what others notice."""

    name: str
    start: Callable[[], Sequence[Steps[None]]]
    database: Database
    fell_silent: Callable[[], None] = lambda: None
    tasks: list[Task] = field(default_factory=list)


class Scheduler:
    """Runs processes step by step, in weather that is fair or not."""

    def __init__(self, chance: Chance, weather: Weather, note: Callable[..., None]) -> None:
        self._chance = chance
        self._weather = weather
        self._note = note
        self._processes: list[Process] = []
        self._tasks: list[Task] = []
        self.now = 0
        self.steps = 0
        self.crash_at = 0  # the number of the step instead of which its process dies, whatever the weather

    def add(self, process: Process) -> None:
        """Start a process."""
        self._processes.append(process)
        self._start(process, self.now)

    def run(self, done: Callable[[], bool], *, stormy: bool) -> bool:
        """Go on until all is done; False when that never comes about. `stormy`: faults strike."""
        weather = self._weather if stormy else FAIR
        tasks, roll = self._tasks, self._chance.roll
        strike = self.now + self._until_a_strike(weather)
        for _ in range(0, MAX_TICKS, LOOK_TICKS):
            if done():
                return True
            for tick in range(self.now + 1, self.now + 1 + LOOK_TICKS):
                self.now = tick
                if tick >= strike:
                    self._strike(weather, roll() * weather.striking)
                    strike = tick + self._until_a_strike(weather)
                task = tasks[int(roll() * len(tasks))]
                if task.wake <= tick:
                    self._step(task)
        return done()

    def _step(self, task: Task) -> None:
        self.steps += 1
        if self.steps == self.crash_at:
            self._crash(task.process)
            return
        try:
            task.wake = self.now + next(task.steps)
        except StopIteration:
            self._tasks.remove(task)
            task.process.tasks.remove(task)

    def stop(self) -> None:
        """End every process."""
        for process in self._processes:
            for task in process.tasks:
                task.steps.close()
            process.tasks.clear()
        self._tasks.clear()

    def _until_a_strike(self, weather: Weather) -> int:
        """Ticks until the next fault, when each tick brings one with the same probability."""
        if not weather.striking:
            return MAX_TICKS * 2
        return 1 + int(math.log(1 - self._chance.roll()) / math.log(1 - weather.striking))

    def _strike(self, weather: Weather, which: float) -> None:
        process = self._chance.one_of(self._processes)
        if which < weather.crash:
            self._crash(process)
        elif which < weather.crash + weather.pause:
            self._pause(process)
        elif which < weather.crash + weather.pause + weather.rebalance:
            self._note("rebalance because of {}", process.name)
            process.fell_silent()
        else:
            self._note("every session of {} ends", process.database.name)
            process.database.kill()

    def _crash(self, process: Process) -> None:
        self._note("{} dies", process.name)
        for task in process.tasks:
            task.steps.close()
            self._tasks.remove(task)
        process.database.kill(process.name)
        process.fell_silent()
        self._start(process, self.now + self._chance.below(RESTART_TICKS))

    def _pause(self, process: Process) -> None:
        """Stop every task for a while; others notice or not, and the server ends the silent sessions or not."""
        ticks = self._chance.below(PAUSE_TICKS)
        self._note("{} is paused for {} ticks", process.name, ticks)
        for task in process.tasks:
            task.wake = self.now + ticks
        if self._chance.happens(0.5):
            process.database.kill(process.name)
        if self._chance.happens(0.7):
            process.fell_silent()

    def _start(self, process: Process, wake: int) -> None:
        process.tasks = [Task(process, steps, wake) for steps in process.start()]
        self._tasks += process.tasks
