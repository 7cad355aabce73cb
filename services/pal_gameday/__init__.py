"""Drills: their plans, what they have shown, and their certificates. Whoever drives a drill brings the facts."""
