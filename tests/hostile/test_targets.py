"""The targets of the fuzzers hold for some hundred texts, and for every one that broke them before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.targets import PIECES, TARGETS
from tests.render.hostile import PAYLOADS

TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_any_text_leaves_it_true(target: str, text: str) -> None:
    TARGETS[target](text)


@pytest.mark.parametrize("target", TARGETS)
def test_every_payload_leaves_it_true(target: str) -> None:
    for payload in PAYLOADS:
        TARGETS[target](payload)
