"""The publisher: signs what the log has become, and shows it to everybody."""
