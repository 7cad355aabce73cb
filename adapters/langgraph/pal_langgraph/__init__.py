"""The LangGraph adapter."""
