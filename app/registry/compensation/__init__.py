"""Credits that were issued and should not have been, or were lost again: what is owed for them."""
