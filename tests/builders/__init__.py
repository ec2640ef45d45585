"""State for tests, built through the front door: every builder calls operations."""
