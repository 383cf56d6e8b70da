"""Lean twins of the pydantic models: msgspec structs declared from the very same fields, for readers of many records.

A twin takes no more than its model does. What it cannot tell cheaply it refuses, and the caller asks the model: so a
twin may be strict where the model is lenient (an id in capitals), and never the other way round. A contract test holds
the two against each other over examples, golden files, every kind of bad record and made-up ones.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel, BeforeValidator, InstanceOf, PlainSerializer, Strict, WithJsonSchema
from pydantic.fields import FieldInfo

from libs.events.fields import DECIMAL, NO_CONTROL_CHARACTERS

COMING_AGAIN: Final = frozenset({DECIMAL})  # quantities and prices: a match costs five look-ups
REMEMBERED_SPELLINGS: Final = 4_096

# Whether a value, of the right type already, holds.
Check = Callable[[Any], bool]
ModelT = TypeVar("ModelT", bound=BaseModel)


class Spelling(dict[str, bool]):
    """Which texts match a pattern, remembered: `spelling[text]` costs a look-up the second time."""

    def __init__(self, pattern: str) -> None:
        """Keep the pattern; it must match the whole text."""
        super().__init__()
        self._matches = re.compile(pattern).fullmatch

    def __missing__(self, text: str) -> bool:
        """Match a text not seen lately."""
        if len(self) >= REMEMBERED_SPELLINGS:
            self.clear()
        matches = self[text] = self._matches(text) is not None
        return matches


@dataclass(frozen=True, slots=True)
class Twin(Generic[ModelT]):
    """A model's struct, which has its attributes, and the check of what msgspec does not check.

    Texts are taken to hold no control characters: that is told of a whole record at once.
    """

    struct: type[ModelT]
    holds: Check


@cache
def twin_of(model: type[ModelT]) -> Twin[ModelT]:
    """The twin of a model.

    Raises:
        TypeError: a field is of a kind that twins do not know.
    """
    hints = get_type_hints(model, include_extras=True)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    checks: list[tuple[str, Check]] = []
    for name, field in model.model_fields.items():
        kind, found = _translated(hints[name])
        fields.append((name, kind) if field.is_required() else (name, kind, field.default))
        checks += [(name, check) for check in found]
    aliases = {name: str(f.validation_alias) for name, f in model.model_fields.items() if f.validation_alias}
    struct = msgspec.defstruct(
        f"Lean{model.__name__}", fields, kw_only=True, gc=False, rename=aliases, namespace=_class_attributes(model)
    )
    validators = [each.func for each in model.__pydantic_decorators__.model_validators.values()]
    checks_of_whole = [_unchanged_by(validator) for validator in validators]
    return Twin(struct, _all_of(checks, checks_of_whole))  # type: ignore[arg-type]  # it has the model's attributes


def _class_attributes(model: type[BaseModel]) -> dict[str, Any]:
    names = ("event_class", "topic", "event_type")
    return {name: getattr(model, name) for name in names if hasattr(model, name)}


def _all_of(checks: Sequence[tuple[str, Check]], of_whole: Sequence[Check]) -> Check:
    def holds(value: Any) -> bool:
        for name, check in checks:
            if not check(getattr(value, name)):
                return False
        return not of_whole or all(check(value) for check in of_whole)

    return holds


def _translated(hint: Any) -> tuple[Any, Sequence[Check]]:
    """A field's type for msgspec, and the checks that are left to do."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, *metadata = arguments
        if InstanceOf in map(type, metadata):
            return Any, [_is_object]
        return _bounded(base, [each for one in metadata for each in _flat(one)])
    if origin in {Union, UnionType}:
        (inner,) = (kind for kind in arguments if kind is not NoneType)
        kind, checks = _translated(inner)
        return kind | None, [_unless_none(check) for check in checks]
    if origin is tuple:
        kind, checks = _translated(arguments[0])
        return tuple[kind, ...], [_of_each(check) for check in checks]  # type: ignore[valid-type]
    if origin is None and isinstance(hint, type) and issubclass(hint, BaseModel):
        twin = twin_of(hint)
        return twin.struct, [twin.holds]
    if hint in {bool, int, str, date} or origin is Literal:
        return hint, []
    raise TypeError(f"twins know nothing of {hint}")


def _flat(metadata: Any) -> Sequence[Any]:
    return metadata.metadata if isinstance(metadata, FieldInfo) else (metadata,)


def _bounded(base: Any, metadata: Sequence[Any]) -> tuple[Any, Sequence[Check]]:
    """A type with bounds, which msgspec checks, and with patterns and validators, which it checks slowly or not."""
    kind, found = _translated(base)
    bounds: dict[str, Any] = {}
    checks = [*found]
    for each in metadata:
        match each:
            case Ge(ge=least):
                bounds["ge"] = least
            case Le(le=greatest):
                bounds["le"] = greatest
            case MinLen(min_length=least):
                bounds["min_length"] = least
            case MaxLen(max_length=greatest):
                bounds["max_length"] = greatest
            case AfterValidator(func=function):
                checks.append(_unchanged_by(function))
            case BeforeValidator() if base is date:
                pass  # msgspec reads a day as strictly
            case Strict() | WithJsonSchema() | PlainSerializer():
                pass  # twins are strict, lists for tuples apart, and only read
            case _ if isinstance(pattern := getattr(each, "pattern", None), str):
                checks += [] if pattern == NO_CONTROL_CHARACTERS else [_spelt(pattern)]
            case _:
                raise TypeError(f"twins know nothing of {each!r}")
    return (Annotated[kind, msgspec.Meta(**bounds)] if bounds else kind), checks


def _spelt(pattern: str) -> Check:
    """Whether a text matches: looked up where texts come again and again, ids and the like matched each time."""
    if pattern in COMING_AGAIN:
        return Spelling(pattern).__getitem__
    matches: Check = re.compile(pattern).fullmatch  # type: ignore[assignment]  # a match is as good as true
    return matches


def _unless_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _of_each(check: Check) -> Check:
    return lambda values: all(map(check, values))


def _unchanged_by(function: Callable[..., Any]) -> Check:
    """Whether a validator of the model's takes a value, and as it is."""

    def holds(value: Any) -> bool:
        try:
            return bool(function(value) == value)
        except ValueError:
            return False

    return holds


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
