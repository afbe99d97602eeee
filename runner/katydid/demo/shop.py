"""The shop itself: a catalogue, log-in, carts, checkout. No sockets, no waiting, no faults.

Requests go in as values and answers come out, so the same shop can be asked directly. Anybody may
read the catalogue; cart and checkout need the token that `POST /login` hands out, as a bearer
header or as the cookie `session`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from katydid.demo.httpd import Request, Response

PASSWORD = "demo"
MOST_SESSIONS = 100_000
_MATERIALS = ("Oak", "Linen", "Copper", "Wool", "Cork", "Slate", "Maple", "Clay", "Brass", "Felt")
_THINGS = ("Lamp", "Kettle", "Blanket", "Notebook", "Stool", "Bowl", "Basket", "Clock", "Tray")


@dataclass(frozen=True)
class Product:
    id: int
    name: str
    price_cents: int

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "price": self.price_cents / 100}


@dataclass
class _Session:
    user: str
    cart: dict[int, int] = field(default_factory=dict)  # product id → quantity


class _Refused(Exception):
    """An answer other than 2xx, with its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def catalogue() -> list[Product]:
    """The 90 products, the same in every shop; ids count from 1."""
    names = [f"{material} {thing}" for thing in _THINGS for material in _MATERIALS]
    return [Product(i, name, 500 + (i * 737) % 9500) for i, name in enumerate(names, start=1)]


class Shop:
    """Answers shop requests. `route(request)` names the page for counting and its cost."""

    def __init__(self, seed: int | None = None) -> None:
        self._products = {product.id: product for product in catalogue()}
        self._sessions: dict[str, _Session] = {}
        self._random = random.Random(seed)
        self._orders = 0
        self._pages: dict[str, Callable[[Request, str], Any]] = {
            "GET /": self._home,
            "GET /hello": lambda _request, _rest: {"hello": "world"},
            "GET /world": lambda _request, _rest: {"world": "hello"},
            "GET /products": self._list,
            "GET /products/[id]": self._show,
            "GET /search": self._search,
            "POST /login": self._login,
            "POST /logout": self._logout,
            "GET /cart": self._show_cart,
            "POST /cart": self._add_to_cart,
            "DELETE /cart/[id]": self._remove_from_cart,
            "POST /checkout": self._checkout,
        }
        self._costs = {"GET /search": 1.5, "POST /checkout": 2.0}

    def route(self, request: Request) -> tuple[str, str, float]:
        """(page such as `GET /products/[id]`, last path segment, cost in plain pages)."""
        method = "GET" if request.method == "HEAD" else request.method
        path = request.path.rstrip("/") or "/"
        page, rest = f"{method} {path}", ""
        if page not in self._pages:
            parent, _, rest = path.rpartition("/")
            page = f"{method} {parent}/[id]"
            if page not in self._pages:
                page, rest = f"{method} (unknown)", ""
        return page, rest, self._costs.get(page, 1.0)

    def answer(self, request: Request, page: str, rest: str) -> Response:
        """The shop's answer; 4xx with {"error": sentence} where it declines."""
        view = self._pages.get(page)
        if view is None:
            known = any(name.endswith(" " + request.path) for name in self._pages)
            status, text = (405, "Not with this method.") if known else (404, "No such page.")
            return json_response(status, {"error": text})
        try:
            answer = view(request, rest)
        except _Refused as refused:
            return json_response(refused.status, {"error": str(refused)})
        return answer if isinstance(answer, Response) else json_response(200, answer)

    def _home(self, _request: Request, _rest: str) -> Any:
        return {"shop": "Katydid demo", "products": len(self._products), "pages": [*self._pages]}

    def _list(self, request: Request, _rest: str) -> Any:
        offset = _number(_query(request, "offset", "0"), "offset")
        limit = min(100, _number(_query(request, "limit", "20"), "limit"))
        products = list(self._products.values())[offset : offset + limit]
        return {"total": len(self._products), "products": [p.to_json() for p in products]}

    def _show(self, _request: Request, rest: str) -> Any:
        return {**self._product(rest).to_json(), "stock": 1 + (int(rest) * 31) % 40}

    def _search(self, request: Request, _rest: str) -> Any:
        words = _query(request, "q", "").lower().split()
        found = [
            product
            for product in self._products.values()
            if all(word in product.name.lower() for word in words)
        ]
        return {"total": len(found), "products": [p.to_json() for p in found[:20]]}

    def _login(self, request: Request, _rest: str) -> Any:
        body = _body(request)
        user, password = body.get("username"), body.get("password")
        if not isinstance(user, str) or not user:
            raise _Refused(400, "`username` is missing.")
        if password != PASSWORD:
            raise _Refused(401, "Wrong user name or password.")
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        token = f"{self._random.getrandbits(128):032x}"
        self._sessions[token] = _Session(user)
        response = json_response(200, {"token": token, "user": user})
        response.headers["Set-Cookie"] = f"session={token}; Path=/; HttpOnly; SameSite=Lax"
        return response

    def _logout(self, request: Request, _rest: str) -> Any:
        self._session(request)
        del self._sessions[_token(request)]
        return {"user": None}

    def _show_cart(self, request: Request, _rest: str) -> Any:
        return self._cart_json(self._session(request))

    def _add_to_cart(self, request: Request, _rest: str) -> Any:
        session = self._session(request)
        body = _body(request)
        product = self._product(str(body.get("product_id", "")))
        quantity = body.get("quantity", 1)
        if not isinstance(quantity, int) or not 1 <= quantity <= 100:
            raise _Refused(400, "`quantity` is not a number from 1 to 100.")
        session.cart[product.id] = min(100, session.cart.get(product.id, 0) + quantity)
        return self._cart_json(session)

    def _remove_from_cart(self, request: Request, rest: str) -> Any:
        session = self._session(request)
        if session.cart.pop(self._product(rest).id, None) is None:
            raise _Refused(404, "That product is not in the cart.")
        return self._cart_json(session)

    def _checkout(self, request: Request, _rest: str) -> Any:
        session = self._session(request)
        if not session.cart:
            raise _Refused(409, "The cart is empty.")
        total = self._cart_json(session)["total"]
        session.cart.clear()
        self._orders += 1
        return {"order": self._orders, "total": total}

    def _cart_json(self, session: _Session) -> dict[str, Any]:
        items = [
            {**self._products[number].to_json(), "quantity": quantity}
            for number, quantity in session.cart.items()
        ]
        cents = sum(self._products[n].price_cents * q for n, q in session.cart.items())
        return {"user": session.user, "items": items, "total": cents / 100}

    def _product(self, text: str) -> Product:
        product = self._products.get(int(text)) if text.isdecimal() else None
        if product is None:
            raise _Refused(404, "No such product.")
        return product

    def _session(self, request: Request) -> _Session:
        session = self._sessions.get(_token(request))
        if session is None:
            raise _Refused(401, "Log in first.")
        return session


def json_response(status: int, value: Any) -> Response:
    return Response(status, json.dumps(value).encode())


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a request body, or None if it is something else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _body(request: Request) -> dict[str, Any]:
    value = json_object(request.body)
    if value is None:
        raise _Refused(400, "The body is not a JSON object.")
    return value


def _query(request: Request, name: str, default: str) -> str:
    return parse_qs(request.query).get(name, [default])[0]


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise _Refused(400, f"`{name}` is not a number.")
    return int(text)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "session":
            return value
    return ""
