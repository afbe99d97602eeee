from locust import HttpUser, between, task


class Visitor(HttpUser):
    wait_time = between(0.1, 0.4)

    @task(3)
    def catalogue(self):
        self.client.get("/products")

    @task
    def search(self):
        self.client.get("/search?q=lamp", name="/search")
