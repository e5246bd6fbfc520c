"""Settings every test shares."""

import logging
from collections.abc import Iterator

import hypothesis
import pytest

from meshsight.cli.messages import MessageHandler

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=30, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def messages_as_before() -> Iterator[None]:
    """Takes down what a verb set up for its messages, so that no test hears of another."""
    yield
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, MessageHandler)]
    logging.getLogger("meshsight").setLevel(logging.NOTSET)
    logging.captureWarnings(False)
