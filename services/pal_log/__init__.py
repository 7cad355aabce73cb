"""The event log of a run as values: event types, their writers, grammar, payloads, canonical JSON."""
