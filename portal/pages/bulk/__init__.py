"""Orders for several at once: chosen, looked at, signed, followed row by row."""
