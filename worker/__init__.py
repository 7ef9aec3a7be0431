"""What acts by itself: consumers, schedule, and the mains of signer, worker and responder."""
