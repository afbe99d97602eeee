"""`locust.util`: small functions that locustfiles and plugins borrow."""
