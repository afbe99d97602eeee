"""`locust.user.users`: the user classes."""

from katydid.user.http_users import FastHttpUser, HttpUser
from katydid.user.pytest_user import PytestUser
from katydid.user.users import User, UserMeta

__all__ = ["FastHttpUser", "HttpUser", "PytestUser", "User", "UserMeta"]
