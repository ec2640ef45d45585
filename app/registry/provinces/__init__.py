"""The 77 provinces of Thailand, by official code."""
