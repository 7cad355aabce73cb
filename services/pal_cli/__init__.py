"""The command line, and the only place that assembles services in one process."""
