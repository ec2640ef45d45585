"""JSON over HTTP: one module per subject, put together in `routes`."""
