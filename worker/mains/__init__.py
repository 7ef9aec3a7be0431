"""Composition roots: each file starts one process."""
