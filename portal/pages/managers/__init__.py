"""Pages of those who give roles and answer for organizations."""
