"""Rollouts: what a plan has to say, and what happens next; no transport, no store."""
