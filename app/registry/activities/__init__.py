"""Activities: who reduces emissions, where, by which methodology; from draft to closure."""
