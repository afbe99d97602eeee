"""Outputs: every one a function of the `RunDocument`."""
