"""Settings every test shares."""

import hypothesis

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=30, database=None)
hypothesis.settings.load_profile("repeatable")
