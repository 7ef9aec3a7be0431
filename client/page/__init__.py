"""The card client's page: readers, cards, who asks, PIN; on this machine only."""
