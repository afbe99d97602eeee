"""Locust's module names, each re-exporting ours."""
