"""`locust.clients`: the session of HttpUser."""

from katydid.http.session import HttpSession, LocustResponse, ResponseContextManager

__all__ = ["HttpSession", "LocustResponse", "ResponseContextManager"]
