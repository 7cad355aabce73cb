"""The model seam: the only way from a runtime to a model."""
