"""Parts that several calculators share: energy, decay of waste, biomass of trees, sampling."""
