"""`locust.dispatch`: the iterator that hands users to workers in Locust's order and batches."""

from katydid.load.dispatch import UsersDispatcher

__all__ = ["UsersDispatcher"]
