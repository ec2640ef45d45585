"""Shared tools that know no business: errors, quantities, time, ids, encoding, the database."""
