"""Methodologies: the catalogue of versions, and the arithmetic that goes with them."""
