"""`locust.shape`: the base class of load shapes."""

from katydid.user.shape import LoadTestShape, LoadTestShapeMeta

__all__ = ["LoadTestShape", "LoadTestShapeMeta"]
