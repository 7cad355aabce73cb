"""What is claimed of verdicts, shown on runs that nobody here wrote: `make verdicts`."""
