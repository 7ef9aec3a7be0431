"""Cards ordered for several at once (POR-17): chosen, looked at, signed, placed row by row by the worker."""
