"""`locust.web`: the web UI's class. Make one with `environment.create_web_ui`."""

from katydid.web.ui import WebUI

__all__ = ["WebUI"]
