"""Before anything imports numpy: one BLAS thread, as the command line sets it, and no caches of the user's."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
