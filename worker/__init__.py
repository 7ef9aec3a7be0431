"""The processes that act by themselves: consumers, schedule, and the mains of signer, worker and responder."""
