"""HTTP clients: what users send requests with."""

from katydid.http.fast import FastHttpSession
from katydid.http.fast_response import FastResponse
from katydid.http.session import HttpSession, ResponseContextManager

__all__ = ["FastHttpSession", "FastResponse", "HttpSession", "ResponseContextManager"]
