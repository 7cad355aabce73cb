"""Runs on their way into a mesh and out of it."""
