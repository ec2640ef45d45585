"""The business, one folder per subject; it runs without a web server, a terminal or a token."""
