"""Visitors of the demo shop: most look around, some log in and buy."""

import random

from locust import HttpUser, between, tag, task

WORDS = ["lamp", "oak", "copper kettle", "wool", "clock"]


class Visitor(HttpUser):
    """Browses the catalogue without an account."""

    wait_time = between(0.2, 0.8)
    weight = 3

    @tag("browse")
    @task(3)
    def catalogue(self):
        self.client.get("/products?limit=20", name="/products")

    @tag("browse")
    @task(4)
    def product(self):
        # One name for all products: statistics are kept per name, not per URL.
        self.client.get(f"/products/{random.randint(1, 90)}", name="/products/[id]")

    @tag("search")
    @task(2)
    def search(self):
        query = {"q": random.choice(WORDS)}
        with self.client.get(
            "/search", params=query, name="/search", catch_response=True
        ) as response:
            # A page that finds nothing is an error too, whatever its status says.
            if response.ok and response.json()["total"] == 0:
                response.failure("nothing was found")


class Customer(HttpUser):
    """Logs in once, fills a cart and buys."""

    wait_time = between(0.2, 0.8)
    weight = 1

    def on_start(self):
        self.client.headers["Authorization"] = f"Bearer {self.login()}"

    def login(self):
        """The token of a log-in; the shop is sometimes out of breath, so it tries again."""
        name = f"customer-{random.randint(1, 100_000)}"
        for _attempt in range(5):
            response = self.client.post("/login", json={"username": name, "password": "demo"})
            if response.ok:
                return response.json()["token"]
        return ""

    @tag("buy")
    @task(3)
    def fill_cart(self):
        item = {"product_id": random.randint(1, 90), "quantity": random.randint(1, 3)}
        self.client.post("/cart", json=item)

    @tag("buy")
    @task
    def buy(self):
        self.client.get("/cart")
        with self.client.post("/checkout", catch_response=True) as response:
            if response.status_code == 409:
                response.success()  # an empty cart: this customer was early, the shop was right
