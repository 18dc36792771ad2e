"""Frozen dataclasses with slots that cost next to nothing to define.

`dataclasses` compiles six methods a class, .8 ms: eighty classes were a tenth of what a search takes. Here the methods
are shared, except the one that makes an instance, which is compiled when the first one is made.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, make_dataclass
from typing import Any, TypeVar, dataclass_transform

Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True)
def record(cls: type[Kind]) -> type[Kind]:
    """`dataclass(frozen=True, slots=True)`, which `replace`, `asdict` and the others of that module take for one."""
    for name, method in METHODS.items():
        setattr(cls, name, method)
    return dataclass(init=False, repr=False, eq=False, slots=True)(cls)


def _init(self: Any, *values: Any, **named: Any) -> None:
    """Of the first instance. The compiled one sets fields through `object`, so that it serves any class."""
    cls: Any = type(self)
    known = [(field.name, field.type, field) for field in fields(cls)]
    twin: Any = make_dataclass(cls.__name__, known, repr=False, eq=False, frozen=True)
    cls.__init__ = twin.__init__
    twin.__init__(self, *values, **named)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__slots__])


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(_: Any, name: str, *__: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), _values(self)


METHODS = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__reduce__": _reduce,
}
