"""The pages of reports: the catalogue, one report with its count and first rows, and what was ordered."""
