"""The demo shop: a small HTTP server to aim the first test at."""
