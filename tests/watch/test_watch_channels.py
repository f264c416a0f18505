"""Receivers of each kind, against servers and files that are real."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from receivers import Desk, Post
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError
from states import NOW, pier, said

from acquaintances import box
from sitewatch.errors import DeliveryError, RefusedError, WatchError
from sitewatch.watch import Message, news_between
from sitewatch.watch._feed import FeedChannel
from sitewatch.watch._lines import LinesChannel
from sitewatch.watch._mail import EmailChannel
from sitewatch.watch._rules import Email, Feed, LinesFile, Webhook
from sitewatch.watch._webhook import WebhookChannel, secret_of

OTHER = dataclasses.replace(pier(status="candidate"), id="SW-0002", footprint=box(0.01, 0))
ALERTS = news_between([], [said(pier()), said(OTHER)], mark=2, raised=NOW)
MESSAGE = Message("a" * 32, "sohae", "Söhae harbour", ALERTS[:1])
BOTH = dataclasses.replace(MESSAGE, alerts=ALERTS)


def post_to(desk: Desk, message: Message = MESSAGE, timeout_s: float = 10.0) -> str:
    channel = WebhookChannel(desk.rules(timeout_s=timeout_s))
    (target,) = channel.targets
    assert "token" not in target
    return channel.send(message, target)


def test_a_webhook_is_signed_so_that_the_specifications_own_library_verifies_it(desk: Desk) -> None:
    assert post_to(desk, BOTH) == "HTTP 200"
    (request,) = desk.requests
    verifier = Verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    verified = verifier.verify(request.body, request.headers)
    assert verified["type"] == "sitewatch.alerts"
    assert request.headers["idempotency-key"] == request.id == BOTH.id
    with pytest.raises(WebhookVerificationError):
        verifier.verify(request.body.replace(b"pier", b"quay"), request.headers)


def test_the_body_says_what_the_record_says(desk: Desk) -> None:
    post_to(desk)
    (alert,) = desk.requests[0].alerts
    assert (alert["kind"], alert["news"], alert["site"]["name"]) == ("confirmed", ["confirmed"], "Söhae harbour")
    structure = alert["structure"]
    assert (structure["id"], structure["area_m2"], structure["area_m2_sd"]) == ("SW-0001", 5400.0, 310.0)
    assert (structure["onset_earliest"], structure["onset_latest"]) == ("2023-01-01", "2023-01-13")
    assert structure["geometry"]["type"] == "Polygon"
    assert "revisions" not in alert


@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        (500, DeliveryError, "answered HTTP 500"),
        (429, DeliveryError, "answered HTTP 429"),
        (400, RefusedError, "answered HTTP 400"),
        ("moved", DeliveryError, "redirects are not followed"),
        ("close", DeliveryError, "can't be reached"),
        ("hang", DeliveryError, "0.5 s|can't be reached"),
        ("drip", DeliveryError, "no answer within 0.5 s|can't be reached"),
    ],
)
def test_what_did_not_arrive_is_told_without_the_address(
    desk: Desk, mood: str | int, kind: type[Exception], words: str
) -> None:
    desk.moods = [mood]
    with pytest.raises(kind, match=words) as raised:
        post_to(desk, timeout_s=0.5 if mood in ("hang", "drip") else 20.0)
    assert type(raised.value) is kind
    assert "secret" not in str(raised.value)
    assert len(desk.requests) == 1


def test_where_nobody_listens_that_is_told(desk: Desk) -> None:
    nobody = Webhook(url="http://127.0.0.1:9/x?token=secret", secret_env="DESK_SECRET")
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1 can't be reached") as raised:
        WebhookChannel(nobody).send(MESSAGE, "x")
    assert "secret" not in str(raised.value)


def test_a_webhook_without_its_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Webhook(url="http://127.0.0.1:9", secret_env="NO_SUCH_SECRET")
    with pytest.raises(WatchError, match="NO_SUCH_SECRET is not set"):
        secret_of(rules)
    monkeypatch.setenv("NO_SUCH_SECRET", "whsec_?")
    with pytest.raises(WatchError, match="not base64"):
        secret_of(rules)
    monkeypatch.setenv("NO_SUCH_SECRET", "plain words")
    assert secret_of(rules) == b"plain words"


def mail_rules(post: Post, *to: str, **said: object) -> Email:
    return Email.model_validate(
        {"to": to, "sender": "watch@example.org", "server": "127.0.0.1", "port": post.port, "security": "none", **said}
    )


def test_each_receiver_gets_a_mail_of_its_own(post: Post) -> None:
    channel = EmailChannel(mail_rules(post, "ann@example.org", "bob@example.org"))
    for target in channel.targets:
        channel.send(BOTH, target)
    assert [mail["To"] for mail in post.mails] == ["ann@example.org", "bob@example.org"]
    mail = post.mails[0]
    assert mail["Message-ID"] == post.mails[1]["Message-ID"] == f"<{BOTH.id}@sitewatch.invalid>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    for alert in ALERTS:
        assert alert.text in text.decode("utf-8").replace("\r\n", "\n")
    assert "Where: 39.65050, 124.70100 (latitude, longitude)" in text.decode()
    one = EmailChannel(mail_rules(post, "ann@example.org"))
    one.send(MESSAGE, "ann@example.org")
    import email.header

    subject = str(email.header.make_header(email.header.decode_header(post.mails[-1]["Subject"])))
    assert subject == "Söhae harbour: SW-0001 confirmed"


def test_mail_that_is_not_taken_is_told(post: Post) -> None:
    channel = EmailChannel(mail_rules(post, "ann@example.org", "gone@example.org"))
    post.answers, post.refuses = ["451 come back later"], {"gone@example.org"}
    with pytest.raises(DeliveryError, match="451 come back later") as later:
        channel.send(MESSAGE, "ann@example.org")
    assert not isinstance(later.value, RefusedError)
    with pytest.raises(RefusedError, match="550 no such receiver"):
        channel.send(MESSAGE, "gone@example.org")
    channel.send(MESSAGE, "ann@example.org")
    assert len(post.mails) == 1
    post.stop()
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1 can't be used"):
        channel.send(MESSAGE, "ann@example.org")


def test_a_password_never_goes_out_unencrypted(post: Post) -> None:
    with pytest.raises(WatchError, match="without encryption"):
        EmailChannel(mail_rules(post, "ann@example.org", user="ann", password_env="X")).send(MESSAGE, "ann@example.org")
    with pytest.raises(DeliveryError, match="can't be used"):
        EmailChannel(mail_rules(post, "ann@example.org", security="starttls")).send(MESSAGE, "ann@example.org")
    assert post.mails == []


def test_a_file_has_each_alert_once_and_heals_what_a_kill_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "alerts.jsonl"
    channel = LinesChannel(LinesFile(path=path))
    assert channel.send(MESSAGE, str(path)) == "written"
    assert channel.send(MESSAGE, str(path)) == "was there"
    path.write_bytes(path.read_bytes() + b'{"id": "half of a')
    channel.send(BOTH, str(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["structure"]["id"] for line in lines] == ["SW-0001", "SW-0002"]


def test_a_file_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DeliveryError, match="can't be written"):
        LinesChannel(LinesFile(path=tmp_path / "folder")).send(MESSAGE, str(tmp_path / "folder"))


def test_a_feed_is_atom_with_places_and_has_each_alert_once(tmp_path: Path) -> None:
    path = tmp_path / "alerts.xml"
    channel = FeedChannel(Feed(path=path, title="ports", keep=2))
    channel.send(MESSAGE, str(path))
    assert channel.send(MESSAGE, str(path)) == "was there"
    channel.send(BOTH, str(path))
    later = tuple(dataclasses.replace(a, key=f"{a.key} later", raised=NOW.replace(day=10)) for a in ALERTS[1:])
    channel.send(dataclasses.replace(MESSAGE, alerts=later), str(path))
    names = {"a": "http://www.w3.org/2005/Atom", "g": "http://www.georss.org/georss"}
    root = ET.fromstring(path.read_bytes())
    assert root.findtext("a:title", namespaces=names) == "ports"
    entries = root.findall("a:entry", names)
    assert len(entries) == 2
    assert entries[0].findtext("a:updated", namespaces=names) == "2025-07-10T10:00:00+00:00"
    assert root.findtext("a:updated", namespaces=names) == "2025-07-10T10:00:00+00:00"
    for entry in entries:
        assert all(entry.findtext(f"a:{tag}", namespaces=names) for tag in ("id", "title", "updated", "summary"))
        ring = [float(word) for word in (entry.findtext("g:polygon", namespaces=names) or "").split()]
        # Latitude comes first, and the ring is closed.
        assert 39.6 < ring[0] < 39.7
        assert 124.7 < ring[1] < 124.8
        assert ring[:2] == ring[-2:]


def test_a_feed_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    for content in ("dear", "<html/>"):
        (tmp_path / "a.xml").write_text(content)
        with pytest.raises(DeliveryError, match=r"not an? .*feed"):
            FeedChannel(Feed(path=tmp_path / "a.xml")).send(MESSAGE, str(tmp_path / "a.xml"))
        assert (tmp_path / "a.xml").read_text() == content


def test_a_message_has_one_id_for_good_and_sites_do_not_share_them() -> None:
    assert MESSAGE.id == dataclasses.replace(MESSAGE).id
    elsewhere = dataclasses.replace(MESSAGE, site_uid="b" * 32)
    assert len({MESSAGE.id, BOTH.id, elsewhere.id}) == 3
