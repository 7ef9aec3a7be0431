"""Commands of function certificates."""
