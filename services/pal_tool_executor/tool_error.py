"""The one exception whose words reach a model: a tool raises it to report a failure that the caller may know."""

from __future__ import annotations


class ToolError(Exception):
    """A tool failed and had no effect; *message* is told to the model, so keep internals out of it."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        """Say in *message* what went wrong; *retryable* failures may be tried again by the executor."""
        super().__init__(message)
        self.message = message
        self.retryable = retryable
