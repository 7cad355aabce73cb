"""The `pal` command: starts a mesh, applies documents, runs agents, looks at runs."""
