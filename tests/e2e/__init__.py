"""The main job as people do it, in a browser, on a running installation."""
