"""Acts that are signed: what a person is about to do is shown by the card client and signed by their card."""
