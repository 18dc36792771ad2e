from __future__ import annotations

import pytest

from ragcli import tuning
from ragcli.errors import DamagedIndex
from ragcli.tuning import DEFAULT, Tuning, changed, read, write


def test_an_index_that_was_never_tuned_has_the_defaults() -> None:
    assert read(None) == read("") == DEFAULT == Tuning()
    assert (write(DEFAULT), changed(DEFAULT)) == ("", ())


def test_what_is_written_is_read_and_only_what_differs_is_kept() -> None:
    tuned = Tuning(dense=0.6, likeness=1.25)
    assert write(tuned) == '{"dense":0.6,"likeness":1.25}'
    assert read(write(tuned)) == tuned
    assert changed(tuned) == (("dense", 0.6), ("likeness", 1.25))


def test_every_default_is_within_its_bounds() -> None:
    assert tuning.BOUNDS.keys() == {name for name, _ in tuning.listed(DEFAULT)}
    assert all(low <= value <= high for name, value in tuning.listed(DEFAULT) for low, high in [tuning.BOUNDS[name]])


@pytest.mark.parametrize(
    "stored",
    ["{", "[]", "null", "1", '{"dense": "1"}', '{"dense": true}', '{"dense": NaN}', '{"dense": 1.1}', '{"enough": -1}',
     '{"other": 0.5}', '{"dense": null}', '{"likeness": 1e999}', "[" * 900, '{"dense": 0.5' + " " * 1000 + "}"],
)  # fmt: skip
def test_what_was_not_written_by_us_is_refused_with_the_mend(stored: str) -> None:
    with pytest.raises(DamagedIndex) as raised:
        read(stored)
    assert raised.value.hint == "ragcli tune --reset"
