"""Photo and signature for a card: captured at the desk, checked, kept encrypted, purged on time (POR-17)."""
