"""The ledger against a small model of it."""
