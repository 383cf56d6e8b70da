"""Logs: one JSON object per line on standard error, with the correlation id of the request or record at hand.

Personal data stay out: of an error a line tells where and what, never the values that were at hand.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import asyncpg
import structlog
from pydantic import ValidationError
from structlog.typing import EventDict, ExcInfo, WrappedLogger

CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)

# Values under these names never reach a log, whoever put them there.
SECRET_NAMES = frozenset(
    {"password", "current_password", "new_password", "token", "authorization", "cookie", "key", "hash", "pesel", "nip"}
)
QUIET_LIBRARIES = {"aiokafka": logging.ERROR, "uvicorn.access": logging.ERROR, "faststream": logging.WARNING}


def _add_correlation_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (correlation_id := CORRELATION_ID.get()) is not None:
        event.setdefault("correlation_id", correlation_id)
    return event


def _mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name in event:
        if name in SECRET_NAMES:
            event[name] = "***"
    return event


def told(error: BaseException) -> str:
    """An error with its traceback and what led to it: without local variables, rows and inputs."""
    return "".join(_told(error, set()))


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield "which led to\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_said(error)}\n"
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _told(one, seen)


def _said(error: BaseException) -> str:
    """What an error says; PostgreSQL's `DETAIL` holds rows, pydantic's text the inputs: neither is repeated."""
    match error:
        case asyncpg.PostgresError():
            at = [name for name in (error.table_name, error.column_name, error.constraint_name) if name]
            return " ".join([str(error.args[0]) if error.args else "", f"[{error.sqlstate}]", *at])
        case ValidationError():
            return ", ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors())
        case _:
            return str(error)


# What PostgreSQL says by these classes of its codes names tables, roles and states, never a value.
_HARMLESS_CLASSES = frozenset({"08", "23", "25", "28", "3D", "40", "53", "54", "55", "57", "58"})


def brief(error: BaseException) -> str:
    """An error in a line: its kind, where it arose, and what it says if that can quote nothing of what was at hand."""
    kind = type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        return f"{kind}({'; '.join(brief(one) for one in error.exceptions)})"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" in {frames[-1].name} ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    harmless = isinstance(error, (OSError, ValidationError)) or (
        isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in _HARMLESS_CLASSES
    )
    said = _said(error) if harmless else ""
    return f"{kind}{at}: {said}" if said else f"{kind}{at}"


def _formatted(exc_info: ExcInfo) -> str:
    return told(exc_info[1])


def configure(service: str, role: str, level: str = "INFO") -> None:
    """Set up logging for a process: ours and the libraries' lines in one shape. Called once, by the process's main."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation_id,
        _mask_secrets,
        structlog.processors.ExceptionRenderer(_formatted),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in QUIET_LIBRARIES.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    structlog.contextvars.bind_contextvars(service=service, role=role)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return found


@contextmanager
def correlated(correlation_id: str | None) -> Iterator[None]:
    """Everything logged inside carries this correlation id."""
    mark = CORRELATION_ID.set(correlation_id)
    try:
        yield
    finally:
        CORRELATION_ID.reset(mark)
