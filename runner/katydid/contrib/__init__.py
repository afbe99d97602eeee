"""Users for other protocols, under Locust's names."""
