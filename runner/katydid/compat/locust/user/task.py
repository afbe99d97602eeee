"""`locust.user.task`: tasks, task sets, tags."""

from katydid.errors import (
    InterruptTaskSet,
    MissingWaitTimeError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from katydid.user.tagging import filter_tasks_by_tags, tag
from katydid.user.task import DefaultTaskSet, TaskSet, TaskSetMeta, UserState, task

LOCUST_STATE_RUNNING = UserState.RUNNING
LOCUST_STATE_WAITING = UserState.WAITING
LOCUST_STATE_STOPPING = UserState.STOPPING

__all__ = [
    "LOCUST_STATE_RUNNING",
    "LOCUST_STATE_STOPPING",
    "LOCUST_STATE_WAITING",
    "DefaultTaskSet",
    "InterruptTaskSet",
    "MissingWaitTimeError",
    "RescheduleTask",
    "RescheduleTaskImmediately",
    "StopTest",
    "StopUser",
    "TaskSet",
    "TaskSetMeta",
    "filter_tasks_by_tags",
    "tag",
    "task",
]
