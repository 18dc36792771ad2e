"""Before anything imports numpy: one BLAS thread, as the command line sets it; no caches or settings of the user's."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["XDG_CONFIG_HOME"] = os.devnull
