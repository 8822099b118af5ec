"""Where scans come from; knows nothing of what is on the page."""
