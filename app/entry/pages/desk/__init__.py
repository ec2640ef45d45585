"""Pages of who checks and who decides: verifiers and officers of TGO."""
