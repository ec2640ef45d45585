"""Who holds which serials: accounts, batches, blocks, movements, balances."""
