"""The journal as auditors read it, and as managers read their own area's."""
