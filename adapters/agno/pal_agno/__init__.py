"""The agno adapter."""
