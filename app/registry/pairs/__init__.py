"""Acts of the authority that take two people, where a dated rule says so."""
