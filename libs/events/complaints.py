"""What pydantic and msgspec find wrong with a record, in Polish, for the people who decide about it.

Names of fields, limits and patterns stay as the schemas spell them.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from pydantic_core import ErrorDetails

_BYTE: Final = re.compile(r"\(byte (\d+)\)")

# By pydantic's type of error, with what it knows of the limit; a type that is not here is told by its name.
_WORDS: Final[Mapping[str, str]] = {
    "missing": "brakuje tego pola",
    "literal_error": "dopuszczalne wartości: {expected}",
    "string_pattern_mismatch": "tekst ma mieć postać {pattern}",
    "string_type": "to ma być tekst",
    "string_too_short": "za mało znaków, najmniej: {min_length}",
    "string_too_long": "za dużo znaków, najwyżej: {max_length}",
    "int_type": "to ma być liczba całkowita",
    "bool_type": "to ma być true albo false",
    "tuple_type": "to ma być lista",
    "list_type": "to ma być lista",
    "too_short": "za mało pozycji, najmniej: {min_length}",
    "too_long": "za dużo pozycji, najwyżej: {max_length}",
    "model_type": "to ma być obiekt",
    "is_instance_of": "to ma być obiekt",
    "dict_type": "to ma być obiekt",
    "date_type": "to ma być data",
    "datetime_type": "to ma być chwila w UTC",
    "value_error": "to nie jest data RRRR-MM-DD ani chwila w UTC, jak 2026-11-23T15:22:00Z",  # raised for these alone
    "greater_than_equal": "najmniejsza dopuszczalna wartość: {ge}",
    "less_than_equal": "największa dopuszczalna wartość: {le}",
    "amount_zero": "kwota nie może być zerem",
    "lines_do_not_add_up": "kwoty pozycji nie sumują się do amount_grosze",
}


def of_field(detail: ErrorDetails) -> str:
    """Tell what pydantic found, with the path of the field."""
    words = _WORDS.get(detail["type"], f"niezgodne ze schematem ({detail['type']})")
    told = words.format_map(defaultdict(str, detail.get("ctx", {}))).replace("' or '", "' albo '")
    place = ".".join(str(step) for step in detail["loc"])
    return f"{place}: {told}" if place else told


def of_json(said: str) -> str:
    """Tell where JSON is broken, from what msgspec said of it."""
    found = _BYTE.search(said)
    return f"JSON jest uszkodzony przy bajcie {found[1]}" if found else "JSON jest urwany"
