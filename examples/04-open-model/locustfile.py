from locust import HttpUser, task


class Visitor(HttpUser):
    # The schedule decides when an iteration starts, so a wait time would not be used.

    @task(3)
    def product(self):
        self.client.get("/products/7", name="/products/[id]")

    @task
    def search(self):
        self.client.get("/search?q=lamp", name="/search")
