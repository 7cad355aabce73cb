"""Two runs side by side, for `pal diff`: read from a mesh, and shown in a terminal, as a page and as JUnit."""
