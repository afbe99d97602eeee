"""Statistics of requests: exact counters and mergeable log-linear histograms."""
