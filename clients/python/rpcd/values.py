"""What the generated types are made of."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Self


class OpenEnum(enum.StrEnum):
    """Names of the protocol. One that this client does not know is kept as it came; it equals its text, as all do."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this client has a name for it."""
        return self._name_ in type(self).__members__


def encoded(value: Any) -> Any:
    """As JSON has it."""
    if hasattr(value, "_to_json"):
        return value._to_json()
    if isinstance(value, Mapping):
        return {name: encoded(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(element) for element in value]
    return value


def members(**values: Any) -> dict[str, Any]:
    """The object of these members; what is None is left out."""
    return {name: encoded(value) for name, value in values.items() if value is not None}
