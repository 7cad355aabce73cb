"""The migration service: whether a candidate is as good as what is in production, on real traffic."""
