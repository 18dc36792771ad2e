import pytest

from ragcli import backends
from ragcli.errors import UnknownBackend, UsageError


def test_a_backend_is_found_by_its_file_name() -> None:
    assert {"bert", "hashing"} <= set(backends.names("embedder"))
    assert backends.create("embedder", "hashing:32").dim == 32


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match=r"known: .*extractive"):
        backends.create("runtime", "gpt9000:x")


@pytest.mark.parametrize("spec", ["", "../os", "_weights", "hashing.x"])
def test_only_public_files_of_the_family_are_names(spec: str) -> None:
    with pytest.raises((UnknownBackend, UsageError)):
        backends.create("embedder", spec)
