"""What the OpenAPI document promises, held against the running service."""
