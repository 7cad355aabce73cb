"""Advice to stay on a runtime or to leave it: dated evidence, rules, and what follows from both."""
