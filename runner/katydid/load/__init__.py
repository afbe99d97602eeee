"""Load models and the placement of users on workers: decisions without a clock or a socket."""
