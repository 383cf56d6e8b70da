"""What a log line tells of an error: where and what, and nothing of the people it happened to."""

import json
import subprocess
import sys

import asyncpg
import pytest
from pydantic import BaseModel, ValidationError

from libs.chassis.logs import brief, told

NAME = "Kowalska-Zielińska"

# A process with our logging; what its libraries log takes the same way.
PROGRAM = """
import logging
from libs.chassis import logs

def of_a_person(name):
    letter = f"Dear {name}"
    raise LookupError(f"{len(letter)} letters")

logs.configure("identity", "api")
try:
    of_a_person("Kowalska-Zielińska")
except LookupError as error:
    logs.logger("ours").error("failed", exc_info=error)
    logging.getLogger("uvicorn.error").exception("failed")
"""


class Person(BaseModel):
    name: str
    born_in: int


def row_refused() -> None:
    error = asyncpg.CheckViolationError('new row for relation "people" violates a check')
    error.detail = f"Failing row contains ({NAME}, 1980)."
    error.constraint_name = "people_check"
    raise error


def input_refused() -> None:
    Person.model_validate({"name": "A", "born_in": NAME})


def refused_for_both() -> None:
    try:
        row_refused()
    except asyncpg.PostgresError as error:
        raise ExceptionGroup("two", [ValueError("one"), error]) from error


def test_lines_of_ours_and_of_libraries_carry_a_traceback_without_local_variables() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in lines] == ["ours", "uvicorn.error"]
    for line in lines:
        assert "in of_a_person" in line["exception"]
        assert "LookupError: " in line["exception"]
    assert NAME not in done.stderr


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        (row_refused, "violates a check [23514] people_check\n"),
        (input_refused, "born_in: int_parsing\n"),
        (refused_for_both, "which led to\n"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_without_the_row_or_the_input_that_was_refused(refuse: object, says: str) -> None:
    assert callable(refuse)
    with pytest.raises((asyncpg.PostgresError, ValidationError, ExceptionGroup)) as refused:
        refuse()
    said = told(refused.value)
    assert says in said
    assert "in test_a_refusal" in said
    assert NAME not in said


def amount_refused() -> None:
    int(NAME)


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        (row_refused, "CheckViolationError in row_refused (test_logs.py:"),
        (input_refused, ": born_in: int_parsing"),
        (amount_refused, "ValueError in amount_refused (test_logs.py:"),
        (refused_for_both, "ExceptionGroup(ValueError; CheckViolationError in row_refused"),
    ],
)  # fmt: skip
def test_an_error_in_a_line_quotes_nothing_that_was_at_hand(refuse: object, says: str) -> None:
    assert callable(refuse)
    with pytest.raises((asyncpg.PostgresError, ValueError, ExceptionGroup)) as refused:
        refuse()
    assert says in brief(refused.value)
    assert NAME not in brief(refused.value)
