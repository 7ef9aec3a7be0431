"""The function certificate orderer's pages; validation specialists look at the same list."""
