"""As many request names as the argument says, each asked once and then by turns."""

import itertools

from locust import User, constant, events, task

counter = itertools.count()


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--names", type=int, default=5000, help="how many names")


class Many(User):
    wait_time = constant(0.5)

    def on_start(self):
        for number in range(self.environment.parsed_options.names):
            self.tell(number)

    @task
    def again(self):
        for _ in range(50):
            self.tell(next(counter) * 7 % self.environment.parsed_options.names)

    def tell(self, number):
        self.environment.events.request.fire(
            request_type="GET",
            name=f"/group-{number % 40}/item-{number:05d}",
            response_time=5 + number % 500,
            response_length=100,
            exception=None,
            context={},
            response=None,
        )
