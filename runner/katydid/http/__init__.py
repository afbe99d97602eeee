"""HTTP clients: what users send requests with."""

from katydid.http.fast import FastHttpSession, FastResponse
from katydid.http.session import HttpSession, ResponseContextManager

__all__ = ["FastHttpSession", "FastResponse", "HttpSession", "ResponseContextManager"]
