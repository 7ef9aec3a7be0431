"""Commands of the status service."""
