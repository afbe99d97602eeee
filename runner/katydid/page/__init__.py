"""What the web page and the report share: the bundle that `make ui` builds, and its data."""
