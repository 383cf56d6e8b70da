"""How commands tell: figures as text or JSON on standard output, progress on standard error."""

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from libs.chassis.event_store import DuplicateKeyError, WrongExpectedVersionError
from libs.chassis.kafka import MissingTopicError
from libs.chassis.postgres import CONFLICT, UNAVAILABLE
from libs.chassis.runtime import CommandError
from libs.chassis.telling import progress, why_away, zloty


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def tell(figures: Mapping[str, Any], *, as_json: bool) -> None:
    """Print figures: one JSON object, or a line for each that has a value, money in złoty."""
    progress.end()
    if as_json:
        print(msgspec.json.encode(figures).decode())  # noqa: T201  # an operator's command
        return
    for name, value in figures.items():
        if value is None or isinstance(value, dict):
            continue
        if name.endswith("_grosze"):
            print(f"{name.removesuffix('_grosze').replace('_', ' ')}: {zloty(value)}")  # noqa: T201  # the same
        else:
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            print(f"{name.replace('_', ' ')}: {shown}")  # noqa: T201  # the same


@asynccontextmanager
async def plainly(doing: str) -> AsyncIterator[None]:
    """Turn what an operator can do something about into one line.

    Raises:
        CommandError: the database or Kafka is away, or somebody else was at the same thing.
    """
    try:
        yield
    except (KafkaError, KafkaException, MissingTopicError) as error:
        raise CommandError(f"{doing}: Kafka does not give what is needed: {why_away(error)}") from error
    except (DuplicateKeyError, WrongExpectedVersionError, *CONFLICT) as error:
        raise CommandError(f"{doing}: somebody else was at the same meanwhile, run it again: {error}") from error
    except UNAVAILABLE as error:
        raise CommandError(f"{doing}: {why_away(error)}; run it again, it goes on") from error
