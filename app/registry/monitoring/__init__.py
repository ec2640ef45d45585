"""What was measured in a period, split by vintage; letters of recognition for LESS."""
