"""The registry: documents, runtimes and routes."""
