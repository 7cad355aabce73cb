"""The controller of rollouts: what it knows, sees and does."""
