"""More kinds of failure and of exception than the engine lists."""

from locust import User, constant, task

KINDS_OF_FAILURE = 1_200
KINDS_OF_EXCEPTION = 230


class Unlucky(User):
    wait_time = constant(0)
    made = 0

    def on_start(self) -> None:
        for kind in range(KINDS_OF_FAILURE):
            self.environment.events.request.fire(
                request_type="GET",
                name="/",
                response_time=5.0,
                response_length=0,
                exception=RuntimeError(f"failure {kind}"),
            )

    @task
    def fail(self) -> None:
        if self.made == KINDS_OF_EXCEPTION:
            self.environment.runner.quit()
        self.made += 1
        raise ValueError(f"exception {self.made}")
