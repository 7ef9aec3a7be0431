"""What an operator runs: set-up, supervision, the demo."""
