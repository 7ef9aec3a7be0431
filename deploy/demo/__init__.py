"""The main job, done as people do it: through the pages, the card client and the public addresses."""
