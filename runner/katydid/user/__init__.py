"""Users and tasks: what a locustfile is made of."""

from katydid.user.http_users import FastHttpUser, HttpUser
from katydid.user.markov_taskset import MarkovTaskSet, transition, transitions
from katydid.user.pytest_user import PytestUser, pytest_user
from katydid.user.sequential_taskset import SequentialTaskSet
from katydid.user.shape import LoadTestShape
from katydid.user.tagging import filter_tasks_by_tags, tag
from katydid.user.task import TaskSet, task
from katydid.user.users import User
from katydid.user.wait_time import (
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
)

__all__ = [
    "FastHttpUser",
    "HttpUser",
    "LoadTestShape",
    "MarkovTaskSet",
    "PytestUser",
    "SequentialTaskSet",
    "TaskSet",
    "User",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "filter_tasks_by_tags",
    "poisson",
    "pytest_user",
    "tag",
    "task",
    "transition",
    "transitions",
]
