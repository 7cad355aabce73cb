"""Runtimes as plugins: environments of their own, checked before they take part, confined while they do."""
