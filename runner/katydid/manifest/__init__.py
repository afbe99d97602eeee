"""The LoadTest manifest: parsed, checked, defaulted and turned into values."""
