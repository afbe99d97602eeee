"""rest(): a request whose response is JSON, with assertions as failures."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from katydid.events import CONTROL_FLOW

_EXCERPT = 250  # characters of a body that an error text may show


class RestMixin:
    """`rest` and `rest_` for users with an HTTP client."""

    client: Any

    @contextmanager
    def rest(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """Send a request for JSON; a `with` block judges the response, parsed as `.js`.

        `.js` is None for an empty body or one that is no JSON (which is a failure). An assertion
        that fails in the block makes the request a failure with its text; so does any other
        exception, with the place where it was raised.
        """
        all_headers = dict(headers or {})
        given = {key.lower() for key in all_headers}
        for key in ("Content-Type", "Accept"):
            if key.lower() not in given:
                all_headers[key] = "application/json"
        request = self.client.request(
            method, url, catch_response=True, headers=all_headers, **kwargs
        )
        with request as response:
            response.js = _parsed(response)
            try:
                yield response
            except CONTROL_FLOW:
                raise
            except AssertionError as error:
                response.failure(str(error).removesuffix(",") or "Assertion failed")
            except Exception as error:  # noqa: BLE001 - boundary: the block is user code
                response.failure(f"{type(error).__name__}: {error} at {_place(error)}")

    @contextmanager
    def rest_(self, method: str, url: str, name: str | None = None, **kwargs: Any) -> Iterator[Any]:
        """As `rest`, with `_=<ms since the epoch>` appended to get past caches.

        The sample is named after the URL with `_=...`.
        """
        joint = "&" if "?" in url else "?"
        stamped = f"{url}{joint}_={int(time.time() * 1000)}"
        with self.rest(method, stamped, name=name or f"{url}{joint}_=...", **kwargs) as response:
            yield response


def _parsed(response: Any) -> Any:
    """The body as JSON; None, and a failure where it should have been JSON."""
    if response.content is None:
        response.failure(response._own_error())
        return None
    if not response.content:
        return None
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        response.failure(
            f"Could not parse response as JSON. {response.text[:_EXCERPT]}, response code "
            f"{response.status_code}, error {error}"
        )
        return None


def _place(error: BaseException) -> str:
    """File, line and function where the exception was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"
