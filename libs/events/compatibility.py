"""Whether a changed schema of an event's version is still that version, for old records and for old readers.

Within a version only optional fields may be added and bounds widened. Everything else is a new version beside the old.
"""

from typing import Final

from pydantic import JsonValue

Schema = dict[str, JsonValue]

# Raising one of these, or adding it, refuses records that were good; so does lowering one of the others.
_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Whether one of these became narrower cannot be told: it must stay as it is.
_FIXED: Final = ("type", "format", "pattern", "not")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Return what breaks between two schemas of one event version, a line each; an empty list means compatible."""
    return _compare(_inlined(old, old), _inlined(new, new), "data")


def _inlined(value: JsonValue, root: Schema) -> Schema:
    """Return a schema with its references replaced by what they name (events do not nest in themselves)."""
    replaced = _inline(value, root)
    return replaced if isinstance(replaced, dict) else {}


def _inline(value: JsonValue, root: Schema) -> JsonValue:
    if isinstance(value, list):
        return [_inline(item, root) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str):
        named = root["$defs"]
        return _inline(named[reference.rpartition("/")[2]], root) if isinstance(named, dict) else None
    return {name: _inline(item, root) for name, item in value.items() if name != "$defs"}


def _compare(old: Schema, new: Schema, place: str) -> list[str]:
    return [
        *_compare_variants(old, new, place),
        *_compare_values(old, new, place),
        *_compare_bounds(old, new, place),
        *_compare_fields(old, new, place),
        *_compare_items(old, new, place),
    ]


def _compare_variants(old: Schema, new: Schema, place: str) -> list[str]:
    """Each alternative of the old schema must still be one: a value may become nullable, never the other way."""
    if "anyOf" not in old and "anyOf" not in new:
        return []
    offered = _variants(new)
    return [
        f"{place}: {variant.get('type', 'a variant')} is no longer taken as it was"
        for variant in _variants(old)
        if all(_compare(variant, candidate, place) for candidate in offered)
    ]


def _variants(schema: Schema) -> list[Schema]:
    variants = schema.get("anyOf")
    if not isinstance(variants, list):
        return [schema]
    return [variant for variant in variants if isinstance(variant, dict)]


def _compare_values(old: Schema, new: Schema, place: str) -> list[str]:
    if "anyOf" in old or "anyOf" in new:
        return []
    found = [f"{place}: {word} changed" for word in _FIXED if old.get(word) != new.get(word)]
    allowed, still_allowed = _values(old), _values(new)
    if still_allowed is not None and allowed is None:
        found.append(f"{place}: only certain values are taken now")
    elif still_allowed is not None and allowed is not None:
        found += [f"{place}: {gone!r} is no longer taken" for gone in allowed if gone not in still_allowed]
    return found


def _values(schema: Schema) -> list[JsonValue] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else None


def _compare_bounds(old: Schema, new: Schema, place: str) -> list[str]:
    found = []
    for words, direction in ((_LOWER_BOUNDS, 1), (_UPPER_BOUNDS, -1)):
        for word in words:
            before, after = old.get(word), new.get(word)
            if not isinstance(after, (int, float)):
                continue
            if not isinstance(before, (int, float)) or (after - before) * direction > 0:
                found.append(f"{place}: {word} became narrower")
    return found


def _compare_fields(old: Schema, new: Schema, place: str) -> list[str]:
    found = []
    before, after = _object(old, "properties"), _object(new, "properties")
    for name in before:
        if name not in after:
            found.append(f"{place}.{name}: removed")
        else:
            found += _compare(_inlined(before[name], {}), _inlined(after[name], {}), f"{place}.{name}")
    was_required, is_required = _names(old, "required"), _names(new, "required")
    found += [f"{place}.{name}: required now" for name in sorted(is_required - was_required)]
    found += [f"{place}.{name}: readers rely on it" for name in sorted((was_required - is_required) & set(after))]
    return found


def _compare_items(old: Schema, new: Schema, place: str) -> list[str]:
    """Compare what lists and maps hold."""
    found = []
    if isinstance(new.get("items"), dict):
        found += _compare(_object(old, "items"), _object(new, "items"), f"{place}[]")
    for word in ("additionalProperties", "patternProperties", "propertyNames"):
        before, after = old.get(word), new.get(word)
        if isinstance(before, dict) and isinstance(after, dict):
            found += _compare_map(before, after, word, place)
        elif after is not None and before != after:
            found.append(f"{place}: {word} changed")
    return found


def _compare_map(before: Schema, after: Schema, word: str, place: str) -> list[str]:
    if word != "patternProperties":
        return _compare(before, after, f"{place}.*")
    found = [f"{place}: names of another pattern"] if set(before) != set(after) else []
    for pattern in before.keys() & after.keys():
        found += _compare(_inlined(before[pattern], {}), _inlined(after[pattern], {}), f"{place}.*")
    return found


def _object(schema: Schema, word: str) -> Schema:
    value = schema.get(word)
    return value if isinstance(value, dict) else {}


def _names(schema: Schema, word: str) -> set[str]:
    value = schema.get(word)
    return {str(name) for name in value} if isinstance(value, list) else set()
