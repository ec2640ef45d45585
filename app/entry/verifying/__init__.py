"""The outsider's program: verifies a published log from its files alone, without trust."""
