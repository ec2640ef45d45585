"""
Parts that several calculators share: energy, decay of waste, biomass of trees, sampling.

They are called inside a calculation, and compute in its context.
"""
