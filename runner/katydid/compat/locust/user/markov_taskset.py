"""`locust.user.markov_taskset`: tasks whose order is a chain of transitions."""

from katydid.user.markov_taskset import (
    InvalidTransitionError,
    MarkovTaskSet,
    MarkovTaskSetMeta,
    MarkovTaskTagError,
    NoMarkovTasksError,
    NonMarkovTaskTransitionError,
    transition,
    transitions,
)

__all__ = [
    "InvalidTransitionError",
    "MarkovTaskSet",
    "MarkovTaskSetMeta",
    "MarkovTaskTagError",
    "NoMarkovTasksError",
    "NonMarkovTaskTransitionError",
    "transition",
    "transitions",
]
