"""Names, errors and exceptions that would run as script if a page took them for markup."""

from locust import User, constant, task

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"


class Hostile(User):
    """<b onmouseover=alert(3)>bold</b>"""

    wait_time = constant(0.2)

    @task
    def tell(self):
        fire = self.environment.events.request.fire
        common = {"request_type": "GET", "response_length": 9, "context": {}, "response": None}
        fire(name=f"/{SCRIPT}", response_time=12.5, exception=None, **common)
        fire(name="/fails", response_time=3, exception=ValueError(SCRIPT), **common)
        fire(name="javascript:alert(4)", response_time=30, exception=None, **common)

    @task
    def break_down(self):
        raise RuntimeError(SCRIPT)
