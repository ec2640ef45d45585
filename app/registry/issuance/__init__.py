"""TGO's decision on a verified report, and the minting of serialised credits."""
