"""What all tests share."""

import hypothesis

# Property tests draw the same examples on every run, and a loaded machine fails none for time.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")
