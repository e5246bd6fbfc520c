from collections.abc import Iterator

import pytest

from meshsight.core.errors import CallError
from meshsight.training import notify
from meshsight.training.notify import Endpoint, find_endpoint, report_outcome

from ...receiver import Receiver


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    made = Receiver(*getattr(request, "param", ()))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES_S", (0.0, 0.0))


def test_the_outcome_is_posted_with_the_uid_and_nothing_else(receiver: Receiver) -> None:
    assert report_outcome(Endpoint(receiver.url, "job 7"), "training_finished")
    assert receiver.posts == [("/jobs/training_finished", {"uid": "job 7"}, "application/json")]


@pytest.mark.parametrize("receiver", [(500, 503)], indirect=True)
def test_a_server_in_trouble_is_asked_again(receiver: Receiver) -> None:
    assert report_outcome(Endpoint(receiver.url, "u"), "training_failed")
    assert [path for path, _, _ in receiver.posts] == ["/jobs/training_failed"] * 3


@pytest.mark.parametrize("receiver", [(302, 302, 302)], indirect=True)
def test_redirects_are_not_followed(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    assert not report_outcome(Endpoint(receiver.url, "u"), "training_finished")
    assert {path for path, _, _ in receiver.posts} == {"/jobs/training_finished"}
    assert "could not be told" in caplog.text


def test_a_dead_endpoint_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert not report_outcome(Endpoint("http://127.0.0.1:9", "u"), "training_finished")
    assert "http://127.0.0.1:9/training_finished could not be told" in caplog.text


def test_arguments_come_before_variables() -> None:
    environment = {"ENDPOINT": "http://env", "UID": "1"}
    assert find_endpoint(None, None, {}) is None
    assert find_endpoint(None, None, {"UID": "1000"}) is None  # some shells export it
    assert find_endpoint(None, None, environment) == Endpoint("http://env", "1")
    assert find_endpoint("https://arg/base/", "2", environment) == Endpoint("https://arg/base", "2")


@pytest.mark.parametrize(
    ("url", "uid", "message"),
    [
        ("http://host", None, "without --uid"),
        (None, "7", "without --endpoint"),
        ("ftp://host", "7", "expected an address like"),
        ("host:80", "7", "expected an address like"),
        ("file:///etc/passwd", "7", "expected an address like"),
    ],
)
def test_half_or_wrong_addresses_are_refused(url: str | None, uid: str | None, message: str) -> None:
    with pytest.raises(CallError, match=message):
        find_endpoint(url, uid, {})
