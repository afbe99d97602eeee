"""The one import with a side effect: the standard library becomes cooperative.

`LOCUST_SKIP_MONKEY_PATCH` (Locust's name) or `KATYDID_SKIP_MONKEY_PATCH` leaves it alone, for
programs that patch by themselves. gevent warns when ssl or requests were imported earlier, and
the later failure would be a RecursionError somewhere in TLS: the warning becomes a sentence that
names the remedy.
"""

from __future__ import annotations

import os
import warnings

from gevent import monkey


def _patch() -> None:
    if os.environ.get("LOCUST_SKIP_MONKEY_PATCH") or os.environ.get("KATYDID_SKIP_MONKEY_PATCH"):
        return
    if monkey.is_module_patched("socket"):
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", monkey.MonkeyPatchWarning)
        monkey.patch_all()
    if caught:
        warnings.warn(
            "katydid was imported after ssl, requests or urllib3, so their connections would block "
            "every user of this process. Put `import katydid` before them (or run the program with "
            "`katydid exec FILE.py`).",
            RuntimeWarning,
            stacklevel=3,
        )


_patch()
