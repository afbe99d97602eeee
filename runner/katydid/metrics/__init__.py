"""Prometheus metrics of a test: what there is, how it is counted, written and served."""

from __future__ import annotations
