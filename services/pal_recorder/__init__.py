"""The recorder: the durable log of every run."""
