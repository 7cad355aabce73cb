"""Policies: what is allowed, decided purely from the documents and the question."""
