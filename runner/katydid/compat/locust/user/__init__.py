"""`locust.user`: users, tasks and wait times."""

from katydid.user import (
    MarkovTaskSet,
    SequentialTaskSet,
    TaskSet,
    User,
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
    tag,
    task,
    transition,
    transitions,
    wait_time,
)
from katydid.user.http_users import HttpUser

__all__ = [
    "HttpUser",
    "MarkovTaskSet",
    "SequentialTaskSet",
    "TaskSet",
    "User",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "poisson",
    "tag",
    "task",
    "transition",
    "transitions",
    "wait_time",
]
