"""The tools of the examples: requirements of a document, orders of a shop."""

from __future__ import annotations
