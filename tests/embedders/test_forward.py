"""The forward pass itself; that all embedders agree is in tests/contracts/test_embedders.py."""

from __future__ import annotations

import math

import numpy as np

from ragcli.embedders._forward import gelu


def test_gelu_is_exact_to_float32() -> None:
    x = np.linspace(-6, 6, 24001).astype(np.float32)
    exact = np.array([value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.astype(float)])
    np.testing.assert_allclose(gelu(x.copy().reshape(-1, 1))[:, 0], exact, atol=1.2e-6)
