"""The tool seam: the only way from a runtime to a tool."""
