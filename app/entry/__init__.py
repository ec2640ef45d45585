"""Ways in: parse, authenticate, hand one act to the committer or read, and show the result."""
