"""Pages of those who develop activities and hold credits."""
