"""Runs: the population of users, the control loop, local runner, master and worker."""
