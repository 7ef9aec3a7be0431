"""People, organizations, employments and roles, as the registers HSA and PU tell of them."""
