"""Katydid: load tests in plain Python.

Importing this package patches the standard library for gevent, once and first; everything else
happens when it is called.
"""

import katydid._patch  # noqa: F401 - must run before anything imports requests or ssl

# isort: split

__version__ = "0.1.0"
LOCUST_VERSION = "2.46.4"
"""The version of Locust whose surface `katydid.compat.locust` offers."""
