"""Reserve cards in stock: places, boxes, hand-overs, counts and losses."""
