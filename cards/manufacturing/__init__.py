"""Production: orders leave in signed and encrypted files, and the factory answers in files."""
