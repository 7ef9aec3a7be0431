"""Measures what Sigill does per CPU-second against references in the same run."""
