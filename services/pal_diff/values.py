"""JSON values: read whatever comes, brought to the form that equal meanings share, and shortened to a line.

Nothing here raises on content: what is no JSON, nested too deeply or too large is text or bytes, and compared as such.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pal_diff.rules import Rules

# Deeper JSON is compared as text. Python itself gives up near a thousand.
MAX_DEPTH = 200
_LINE = 200


class Spelled(str):
    """A number that no double and no integer of this machine holds, as it was spelled."""

    __slots__ = ()


class Opaque(str):
    """Content that is not read as JSON."""

    __slots__ = ()


def read(text: str) -> Any:
    """Return the value that *text* spells; Opaque where it spells none."""
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        return Opaque(text)
    except ValueError:
        try:
            value = json.loads(text, parse_float=_float, parse_constant=Spelled, parse_int=_integer)
        except (ValueError, RecursionError):
            return Opaque(text)
    deep = text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(value)
    return Opaque(text) if deep else value


def _float(text: str) -> Any:
    value = float(text)
    return value if math.isfinite(value) else Spelled(text)


def _integer(text: str) -> Any:
    return int(text) if len(text) <= 1000 else Spelled(text)


_DECODER = json.JSONDecoder(parse_float=_float, parse_constant=Spelled)


def _too_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inside = [list(parent.values()) if isinstance(parent, dict) else parent for parent in level]
        level = [child for children in inside for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def kind_of(value: Any) -> str:
    """Return the JSON type of *value*; whole and broken numbers are one type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Spelled):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "null"


def same(a: Any, b: Any) -> bool:
    """Return whether two values that are neither objects nor arrays are equal, type and all."""
    return kind_of(a) == kind_of(b) and bool(a == b)


def normal(value: Any, rules: Rules) -> Any:
    """Return *value* in the form that everything equivalent under *rules* shares."""
    if rules.empty:
        return value
    if isinstance(value, dict):
        members = {}
        for name, member in value.items():
            below = rules.child(name)
            if below.ignore:
                continue
            shaped = normal(member, below)
            if any(spelling(shaped) == spelling(_scalar(other, below)) for other in below.absent):
                continue
            members[name] = shaped
        return _scalar(members, rules) if rules.classes else members
    if isinstance(value, list):
        elements = []
        for place, element in enumerate(value):
            below = rules.child(str(place))
            if not below.ignore:
                elements.append(normal(element, below))
        return _scalar(sorted(elements, key=spelling) if rules.as_set else elements, rules)
    return _scalar(value, rules)


def _scalar(value: Any, rules: Rules) -> Any:
    shaped = _respelled(value, rules)
    for members in rules.classes:
        if any(spelling(_respelled(member, rules)) == spelling(shaped) for member in members):
            return _respelled(members[0], rules)
    return shaped


def _respelled(value: Any, rules: Rules) -> Any:
    if isinstance(value, dict) or not rules.scalar:
        return value
    if isinstance(value, list):
        return [_respelled(element, rules) for element in value]
    if rules.numbers and (number := _number(value)) is not None:
        return number
    if isinstance(value, str) and not isinstance(value, Spelled | Opaque):
        if rules.dates and (date := _date(value)):
            return date
        if rules.words:
            value = re.sub(r"[^\w]+", " ", value)
        if rules.words or rules.spaces:
            value = " ".join(value.split())
        if rules.caseless:
            value = value.casefold()
    return value


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip().replace("_", "x"))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 300:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


# Forms that can be read in one way only; "05/06/2024" cannot.
_DATE_FORMS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y",
)  # fmt: skip


def _date(text: str) -> str:
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", " ".join(text.split()))
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(plain, form).isoformat()
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return ""
    offset = moment.utcoffset()
    return (moment.replace(tzinfo=None) - offset if offset else moment.replace(tzinfo=None)).isoformat()


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


def spelling(value: Any) -> str:
    """Return a text that equal values share and others do not."""
    try:
        return _ENCODER.encode(value)
    except (ValueError, TypeError, RecursionError):
        return repr(value)


def line(value: Any) -> str:
    """Return *value* as one short line of valid text."""
    text = value if isinstance(value, str) else spelling(value)
    text = " ".join(text[: 4 * _LINE].split())
    text = text if len(text) <= _LINE else text[: _LINE - 1] + "…"
    return text.encode(errors="replace").decode()
