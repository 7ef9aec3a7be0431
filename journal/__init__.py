"""The append-only record of everything that happened; also the outbox that drives the jobs."""
