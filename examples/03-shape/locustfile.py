import math

from locust import HttpUser, LoadTestShape, between, task


class Visitor(HttpUser):
    wait_time = between(0.2, 0.6)

    @task
    def catalogue(self):
        self.client.get("/products")


class TwoWaves(LoadTestShape):
    """Two waves of visitors, five seconds each, between 2 and 12 users; then the test is over."""

    seconds_per_wave = 5
    waves = 2

    def tick(self):
        elapsed = self.get_run_time()
        if elapsed >= self.seconds_per_wave * self.waves:
            return None
        height = math.sin(math.pi * (elapsed % self.seconds_per_wave) / self.seconds_per_wave)
        return 2 + round(10 * height), 20
