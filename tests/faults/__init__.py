"""What the running installation must survive, with what it may do meanwhile (reliability.md section 4)."""
