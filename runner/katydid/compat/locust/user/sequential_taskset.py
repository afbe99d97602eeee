"""`locust.user.sequential_taskset`."""

from katydid.user.sequential_taskset import SequentialTaskSet, SequentialTaskSetMeta

__all__ = ["SequentialTaskSet", "SequentialTaskSetMeta"]
