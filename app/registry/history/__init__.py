"""Blocks and retirements taken over from another registry."""
