"""Erasure: what people wrote, and who they were, taken out of the tables on request."""
