"""Pure builders of the children of a LoadTest: values in, manifests out.

A builder reads a `LoadTest`, the run's number and the `Settings`; it knows no clock and asks
nobody. Everything that a run needs is in its manifests, so a pod started late starts the same.
"""
