import pytest

from ragcli import errors
from ragcli.errors import RagcliError, worst


def classes(base: type[RagcliError] = RagcliError) -> list[type[RagcliError]]:
    ours = [child for child in base.__subclasses__() if child.__module__ == errors.__name__]
    return [base, *(one for child in ours for one in classes(child))]


def test_every_class_has_an_exit_code_that_the_severity_order_knows() -> None:
    assert {one.exit_code for one in classes()} <= set(errors.SEVERITY)


def test_the_docstring_draws_every_class_with_its_code() -> None:
    for one in classes():
        assert any(
            line.strip(" *x-").split()[:2] == [one.__name__, str(one.exit_code)]
            for line in (errors.__doc__ or "").splitlines()
            if line.strip(" *x-")
        ), one.__name__


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([0, 3], 3), ([3, 5], 5), ([0, 1, 10], 1), ([6, 9, 4], 6), ([2, 8, 3], 2)]
)
def test_a_batch_ends_with_its_worst_line(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected
