"""The pydantic-ai adapter."""
