from locust import HttpUser, between, task


class Visitor(HttpUser):
    wait_time = between(0.2, 0.6)

    @task
    def catalogue(self):
        self.client.get("/products")
