"""A load generator, a process of its own: `python -m tests.bench.load < JOB > RESULT`, both JSON.

It speaks just enough HTTP/1.1 over kept connections to be no bottleneck: bytes are made beforehand, of an answer only
status and length are read. Closed loop: each connection sends when its answer has come.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from statistics import quantiles
from typing import Any

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
CHUNKED = b"transfer-encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a body is JSON text."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def wire(self, host: str) -> bytes:
        """The bytes of it."""
        body = self.body.encode()
        headers = {"host": host, **self.headers} | ({"content-length": str(len(body))} if body else {})
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask: `requests` one after the other over `connections` connections to 127.0.0.1:`port`."""

    port: int
    connections: int
    requests: Sequence[Request]


@dataclass(frozen=True, slots=True)
class Answers:
    """What came: requests answered a second, delays in ms, how many of each status, and what this process cost."""

    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: Mapping[str, int]
    cpu_seconds: float
    seconds: float

    def only(self, status: int) -> "Answers":
        """Itself, when every answer had this status.

        Raises:
            RuntimeError: some had another.
        """
        if set(self.statuses) != {str(status)}:
            raise RuntimeError(f"answers other than {status}: {dict(self.statuses)}")
        return self

    def details(self) -> dict[str, float]:
        """For a round: delays, and the generator's share of one core."""
        return {"p50 ms": self.p50_ms, "p99 ms": self.p99_ms, "generator's cores": self.cpu_seconds / self.seconds}


async def answers(job: Job) -> Answers:
    """Have a process of its own do the job.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(json.dumps(asdict(job)).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Answers(**json.loads(said))


class _Connection(asyncio.Protocol):
    """One connection in a closed loop: takes the next request of a common list until there is none."""

    def __init__(self, todo: "list[bytes]", done: "asyncio.Future[None]") -> None:
        self.delays: list[float] = []
        self.statuses: Counter[str] = Counter()
        self._todo = todo
        self._done = done
        self._had = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._had += data
        head = self._had.find(HEAD_END)
        if head < 0 or not _whole(self._had, head):
            return
        self.delays.append(time.perf_counter() - self._sent_at)
        self.statuses[self._had[9:12].decode()] += 1
        self._had = b""
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server closed a connection"))

    def _next(self) -> None:
        if not self._todo:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._todo.pop())


def _whole(had: bytes, head: int) -> bool:
    """Whether an answer whose head ends at `head` has come to its end."""
    names = had[:head].lower()
    at = names.find(LENGTH)
    if at >= 0:
        length = int(names[at + len(LENGTH) :].split(b"\r\n", 1)[0])
        return len(had) >= head + len(HEAD_END) + length
    return had.endswith(LAST_CHUNK) if CHUNKED in names else True


async def _do(job: Job) -> Answers:
    todo = [request.wire("127.0.0.1") for request in reversed(job.requests)]
    count, loop = len(todo), asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(job.connections)]
    cpu, began = time.process_time(), time.perf_counter()
    opened = await asyncio.gather(
        *(loop.create_connection(partial(_Connection, todo, end), "127.0.0.1", job.port) for end in ends)
    )
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - began
    delays = [delay for _, connection in opened for delay in connection.delays]
    percentiles = quantiles(delays, n=100, method="inclusive")
    return Answers(
        per_second=count / seconds,
        p50_ms=percentiles[49] * 1000,
        p99_ms=percentiles[98] * 1000,
        statuses=dict(sum((connection.statuses for _, connection in opened), Counter())),
        cpu_seconds=time.process_time() - cpu,
        seconds=seconds,
    )


def main() -> int:
    """Read a job, do it, tell."""
    told = json.load(sys.stdin)
    job = Job(told["port"], told["connections"], [Request(**each) for each in told["requests"]])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(asdict(runner.run(_do(job))), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
