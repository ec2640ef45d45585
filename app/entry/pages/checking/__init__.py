"""The pages by which anyone checks: serials, retirements, the log, and data to take away."""
