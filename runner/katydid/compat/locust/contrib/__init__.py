"""`locust.contrib`: clients beside HttpUser, and helpers. Each module is imported by its name."""
