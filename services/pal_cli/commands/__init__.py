"""The commands of `pal`, one module for each group."""

from __future__ import annotations
