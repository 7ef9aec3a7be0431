"""The tests mirror the tree; contract/, e2e/, architecture/ and vectors/ stand beside."""
