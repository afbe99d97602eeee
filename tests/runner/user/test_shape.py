"""LoadTestShape: its clock and what it may ask."""

from katydid.user import LoadTestShape


def test_run_time_counts_from_the_last_reset(clock):
    class Shape(LoadTestShape):
        pass

    Shape.clock = clock
    shape = Shape()
    clock.now += 12
    assert shape.get_run_time() == 12
    shape.reset_time()
    clock.now += 3
    assert shape.get_run_time() == 3


def test_defaults():
    class Shape(LoadTestShape):
        def tick(self):
            return (5, 1)

    assert (LoadTestShape.abstract, Shape.abstract) == (True, False)
    assert Shape.use_common_options is False
    assert Shape().tick() == (5, 1)


def test_the_user_count_is_the_runner_s():
    class Runner:
        user_count = 42

    shape = LoadTestShape()
    shape.runner = Runner()
    assert shape.get_current_user_count() == 42
