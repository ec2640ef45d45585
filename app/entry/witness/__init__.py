"""The witness: watches logs of others, and cosigns what only ever grows."""
