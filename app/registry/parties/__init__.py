"""Organisations, people, roles, the policy."""
