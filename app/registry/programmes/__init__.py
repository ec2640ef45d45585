"""Programmes: schemes, their members, and the dated values of their rules."""
