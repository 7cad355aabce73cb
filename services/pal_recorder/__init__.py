"""The keeper of the record: appends, reads, tails, runs, artifacts, spans."""
