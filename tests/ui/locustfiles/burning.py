"""A task that computes instead of waiting: the generator delays its own clock."""

import time

from locust import User, constant, task


class Burner(User):
    wait_time = constant(0.1)

    @task
    def burn(self) -> None:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            pass
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=5.0, response_length=1, exception=None
        )
