"""A drill as it is driven: traffic, faults, routes and processes of a running mesh, and what was seen of them."""
