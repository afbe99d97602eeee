"""The master's HTTP door: /api/v1, Locust's own endpoints, the page on :8089."""
