"""Katydid's operator: LoadTests as Kubernetes resources."""
