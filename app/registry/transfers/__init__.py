"""Transfers that take two people, and wait; and when those that one person makes may be made."""
