"""Evidence files: written once, known by the SHA-256 of their bytes."""
