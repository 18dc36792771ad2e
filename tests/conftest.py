"""Before anything imports numpy: one BLAS thread, as the command line sets it; no caches or settings of the user's.
Ctrl-C reaches what the tests start, even where a shell that ignores it started them in the background."""

import os
import signal

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["XDG_CONFIG_HOME"] = os.devnull
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
