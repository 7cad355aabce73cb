"""Drills: their plans, how they are carried out, what they have shown, and their certificates."""
