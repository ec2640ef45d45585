"""The opinion of a validation and verification body (VVB) on a monitoring report."""
