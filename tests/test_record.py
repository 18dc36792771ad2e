"""A record behaves as a frozen dataclass with slots does."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace

import pytest

from ragcli.record import record


@record
class Lamp:
    """With a default, one made for each, and one that is not shown."""

    name: str
    years: tuple[int, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)


@record
class Other:
    """Other fields of the same values."""

    name: str
    years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """What a record is held to."""

    name: str
    years: tuple[int, ...] = ()


def test_instances_are_made_by_place_by_name_and_by_default() -> None:
    lamp = Lamp("Skerry", years=(1888,))
    assert (lamp.name, lamp.years, lamp.notes, lamp.secret) == ("Skerry", (1888,), {}, "")
    assert Lamp("a").notes is not Lamp("a").notes


def test_wrong_arguments_are_refused_from_the_first_instance_on() -> None:
    @record
    class Fresh:
        """No instance was made of it."""

        name: str

    for _ in range(2):
        with pytest.raises(TypeError, match=r"Fresh\.__init__\(\) missing 1 required positional argument: 'name'"):
            Fresh()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'nam'"):
            Fresh(nam="x")  # type: ignore[call-arg]


def test_fields_cannot_be_changed_removed_or_added() -> None:
    lamp = Lamp("Skerry")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        lamp.name = "x"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del lamp.name
    with pytest.raises(FrozenInstanceError):
        lamp.height = 3  # type: ignore[attr-defined]
    assert not hasattr(lamp, "__dict__")


def test_equality_and_hash_go_by_class_and_values() -> None:
    assert Other("a", (1,)) == Other("a", (1,)) != Other("a", (2,))
    assert hash(Other("a", (1,))) == hash(Other("a", (1,))) == hash(Model("a", (1,)))
    different: object = Lamp("a")
    assert Other("a") != different
    assert len({Other("a"), Other("a"), Other("b")}) == 2


def test_it_is_shown_as_a_dataclass_is() -> None:
    assert repr(Other("a", (1,))) == "Other(name='a', years=(1,))"
    assert repr(Lamp("a", secret="word")) == "Lamp(name='a', years=(), notes={})"


def test_the_functions_of_dataclasses_take_it() -> None:
    lamp = Other("a", (1,))
    assert replace(lamp, name="b") == Other("b", (1,))
    assert asdict(lamp) == {"name": "a", "years": (1,)}
    assert astuple(lamp) == ("a", (1,))
    assert [each.name for each in fields(lamp)] == ["name", "years"]


def test_it_is_copied_pickled_and_matched() -> None:
    lamp = Other("a", (1,))
    assert pickle.loads(pickle.dumps(lamp)) == copy.deepcopy(lamp) == lamp
    match lamp:
        case Other(name, years):
            assert (name, years) == ("a", (1,))
