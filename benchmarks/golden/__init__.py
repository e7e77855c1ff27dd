"""A record of results, to see what a change of the code changes."""
