"""What the shop's pages answer."""

from __future__ import annotations

import pytest


def login(visitor, user="ada"):
    answer = visitor.post("/login", json={"username": user, "password": "demo"})
    assert answer.status_code == 200
    return answer.json()["token"]


def test_the_catalogue_is_paged(visitor):
    page = visitor.get("/products?offset=88&limit=20").json()
    assert page["total"] == 90
    assert [product["id"] for product in page["products"]] == [89, 90]


def test_search_finds_every_word(visitor):
    page = visitor.get("/search?q=oak+lamp").json()
    assert [product["name"] for product in page["products"]] == ["Oak Lamp"]
    assert visitor.get("/search?q=lamp").json()["total"] == 10
    assert visitor.get("/search?q=nothing").json() == {"total": 0, "products": []}


def test_a_product_page(visitor):
    assert visitor.get("/products/1").json() == {
        "id": 1,
        "name": "Oak Lamp",
        "price": 12.37,
        "stock": 32,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/products/91", 404, "No such product."),
        ("GET", "/products/x", 404, "No such product."),
        ("GET", "/nowhere", 404, "No such page."),
        ("PUT", "/cart", 405, "Not with this method."),
        ("GET", "/cart", 401, "Log in first."),
        ("POST", "/checkout", 401, "Log in first."),
        ("POST", "/login", 400, "The body is not a JSON object."),
        ("GET", "/products?limit=many", 400, "`limit` is not a number."),
    ],
)
def test_a_refusal_is_a_status_and_a_sentence(visitor, method, path, status, sentence):
    answer = visitor.request(method, path)
    assert (answer.status_code, answer.json()) == (status, {"error": sentence})


def test_the_way_to_an_order_by_token(visitor):
    token = login(visitor)
    visitor.cookies.clear()
    visitor.headers["Authorization"] = f"Bearer {token}"
    visitor.post("/cart", json={"product_id": 1, "quantity": 2})
    cart = visitor.post("/cart", json={"product_id": 2}).json()
    assert cart["user"] == "ada"
    assert [(item["id"], item["quantity"]) for item in cart["items"]] == [(1, 2), (2, 1)]
    assert cart["total"] == pytest.approx(2 * 12.37 + 19.74)
    assert visitor.delete("/cart/1").json()["total"] == 19.74
    assert visitor.post("/checkout").json() == {"order": 1, "total": 19.74}
    again = visitor.post("/checkout")
    assert (again.status_code, again.json()["error"]) == (409, "The cart is empty.")


def test_the_cookie_of_the_log_in_is_enough(visitor):
    login(visitor, "grace")
    assert visitor.get("/cart").json() == {"user": "grace", "items": [], "total": 0.0}
    assert visitor.post("/logout").status_code == 200
    assert visitor.get("/cart").status_code == 401


def test_a_wrong_password(visitor):
    answer = visitor.post("/login", json={"username": "ada", "password": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "Wrong user name or password.")


@pytest.mark.parametrize("quantity", [0, 101, "2", 1.5])
def test_a_quantity_that_is_none(visitor, quantity):
    login(visitor)
    answer = visitor.post("/cart", json={"product_id": 1, "quantity": quantity})
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "`quantity` is not a number from 1 to 100.",
    )


def test_head_has_the_length_and_no_body(visitor):
    got, head = visitor.get("/hello"), visitor.head("/hello")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
