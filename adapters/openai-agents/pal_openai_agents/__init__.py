"""The OpenAI Agents SDK adapter."""
