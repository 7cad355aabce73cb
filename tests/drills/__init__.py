"""Drills: the mesh under faults, many rounds, from a seed."""
