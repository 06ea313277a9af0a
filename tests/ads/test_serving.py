"""Ads handed out, seen and clicked: each counted once, in the right place, or filtered with its reason."""

from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.ads.house import publish
from webapp.ads.impressions import UNCOUNTED, BadToken, Impression, read
from webapp.ads.models import AdCampaign, AdCount, AdFiltered, Creative
from webapp.ads.tallying import Tally
from webapp.clock import from_stamp
from webapp.counting import counted
from webapp.database import db, writing
from webapp.site import keyring

NOW = from_stamp("2026-06-01T12:00:00Z")
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
OWN = {**PERSON, "Sec-Fetch-Site": "same-origin"}
BOX = {"300x250": {"file": "a.jpg", "width": 300, "height": 250}, "728x90": {"file": "b.jpg", "width": 728, "height": 90}}


@pytest.fixture(autouse=True)
def _at_noon():  # type: ignore[no-untyped-def]
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _a_section(app: Flask, _at_noon: None) -> None:
    publish(section="World")


@pytest.fixture
def environ() -> dict[str, str]:
    return {"STAFF_NETWORKS": "203.0.113.0/24, 2001:db8::/48"}


def order(slug: str = "apples", **fields: object) -> int:
    """A running campaign with one creative; the creative's id."""
    facts: dict[str, object] = {
        "slug": slug, "advertiser": slug.capitalize(), "title": slug,
        "starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1),
        "timezone": "America/New_York", "goal": "viewable", "budget": 1000, "sections": [], "imported_at": NOW, "pacing": "asap", **fields,
    }  # fmt: skip
    with writing() as session:
        campaign = AdCampaign(**facts)
        session.add(campaign)
        session.flush()
        creative = Creative(
            slug=slug, advertiser=slug.capitalize(), alt=f"Eat {slug}", target=f"https://{slug}.example/buy?x=1", house=False,
            pictures=BOX, campaign_id=campaign.id,
        )  # fmt: skip
        session.add(creative)
        session.flush()
        return creative.id


def decide(client: FlaskClient, slots: str = "rail", **headers: str) -> dict[str, dict[str, object]]:
    response = client.get(f"/ads/decide?slots={slots}&section=World", headers=PERSON | headers)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
    return response.get_json()  # type: ignore[no-any-return]


def counts(app: Flask) -> list[tuple[str, str, str, int, int, int]]:
    tally: Tally = app.extensions["ads_tally"]
    tally.write()
    db.session.rollback()
    return [(str(row.day), row.slot, row.section, row.served, row.viewable, row.clicks) for row in db.session.scalars(select(AdCount))]


def filtered() -> dict[tuple[str, str], int]:
    db.session.rollback()
    return {(row.event, row.reason): row.number for row in db.session.scalars(select(AdFiltered))}


def test_served_seen_and_clicked_are_counted_once_each(app: Flask, client: FlaskClient) -> None:
    order()
    before = counted()
    ad = decide(client)["rail"]
    for _ in range(3):
        assert client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN).status_code == 204
        clicked = client.get(str(ad["click"]), headers=PERSON)
        assert (clicked.status_code, clicked.headers["Location"]) == (303, "https://apples.example/buy?x=1")
    assert counts(app) == [("2026-06-01", "rail", "World", 1, 1, 1)]
    assert filtered() == {("viewable", "replay"): 2, ("click", "replay"): 2}
    served = ("ads", (("event", "served"), ("outcome", "counted")))
    assert counted()[served] - before.get(served, 0) == 1
    client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)  # after the first was written
    assert counts(app) == [("2026-06-01", "rail", "World", 1, 1, 1)]
    assert filtered()["viewable", "replay"] == 3


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"User-Agent": "Googlebot/2.1"}, "machine"),
        ({"User-Agent": ""}, "machine"),
        ({"Sec-Purpose": "prefetch;prerender"}, "ahead"),
    ],
)
def test_machines_and_pages_fetched_ahead_are_filtered_with_their_reason(
    app: Flask, client: FlaskClient, headers: dict[str, str], reason: str
) -> None:
    order()
    ad = decide(client, **headers)["rail"]
    client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN | headers)
    client.get(str(ad["click"]), headers=PERSON | headers)
    assert counts(app) == []
    assert filtered() == {("served", reason): 1, ("viewable", reason): 1, ("click", reason): 1}


def test_staff_and_other_sites_are_not_counted(app: Flask, client: FlaskClient) -> None:
    order()
    token = decide(client)["rail"]["token"]
    client.post("/ads/viewed", data={"token": token}, headers=PERSON | {"Sec-Fetch-Site": "cross-site"})
    client.post("/ads/viewed", data={"token": token}, headers=OWN, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert [row[3:] for row in counts(app)] == [(1, 0, 0)]
    assert filtered() == {("viewable", "elsewhere"): 1, ("viewable", "staff"): 1}


def test_an_expired_token_and_an_ended_campaign_are_not_counted_and_still_lead_to_the_stored_target(
    app: Flask, client: FlaskClient
) -> None:
    order()
    ad = decide(client)["rail"]
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)
        assert client.get(str(ad["click"]), headers=PERSON).headers["Location"] == "https://apples.example/buy?x=1"
        assert [row[3:] for row in counts(app)] == [(1, 0, 0)]
    assert filtered() == {("viewable", "expired"): 1, ("click", "ended"): 1}


def test_a_token_counts_for_an_hour_as_seen_and_for_a_day_as_a_click(app: Flask, client: FlaskClient) -> None:
    order(ends_at=NOW + timedelta(days=3))
    first, second = decide(client)["rail"], decide(client)["rail"]
    for ad, later in ((first, timedelta(0)), (second, timedelta(seconds=1))):
        with time_machine.travel(NOW + timedelta(hours=1) + later, tick=False):
            client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)
        with time_machine.travel(NOW + timedelta(hours=24) + later, tick=False):
            assert client.get(str(ad["click"]), headers=PERSON).status_code == 303
    assert sum(row[4] for row in counts(app)) == sum(row[5] for row in counts(app)) == 1
    assert filtered() == {("viewable", "expired"): 1, ("click", "expired"): 1}


@pytest.mark.parametrize("token", ["x", "%2F%2Fevil.example", "a" * 5000, "%0d%0aSet-Cookie:x", "https:evil.example", "%00", "=" * 40])
def test_an_unknown_token_leads_nowhere(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/ads/click/{token}", headers=PERSON)
    if answer.status_code == 308:  # two slashes became one: still on our own site
        assert answer.headers["Location"].startswith("http://localhost/ads/click/")
        answer = client.get(answer.headers["Location"], headers=PERSON)
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert client.post("/ads/viewed", data={"token": token}, headers=OWN).status_code == 204


def test_a_token_that_was_changed_is_unknown(client: FlaskClient) -> None:
    order()
    token = str(decide(client)["rail"]["token"])
    for place in range(0, len(token), 5):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert client.get(f"/ads/click/{changed}", headers=PERSON).status_code == 404


def test_a_flood_of_requests_of_one_client_is_not_counted_nor_what_comes_of_it(app: Flask, client: FlaskClient) -> None:
    order()
    ads = [decide(client)["rail"] for _ in range(100)]
    for ad in ads:
        client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)
        assert client.get(str(ad["click"]), headers=PERSON).headers["Location"] == "https://apples.example/buy?x=1"
    assert [row[3:] for row in counts(app)] == [(60, 60, 60)]
    assert filtered() == {("served", "flood"): 40, ("viewable", "flood"): 40, ("click", "flood"): 40}


def test_what_a_machine_was_served_is_not_counted_though_a_person_is_said_to_have_seen_it(app: Flask, client: FlaskClient) -> None:
    order()
    ad = decide(client, **{"User-Agent": "Googlebot/2.1"})["rail"]
    client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)
    assert counts(app) == []
    assert filtered() == {("served", "machine"): 1, ("viewable", "machine"): 1}


def test_staff_are_filtered_wherever_they_come_from(app: Flask, client: FlaskClient) -> None:
    order()
    for address in ("203.0.113.9", "2001:db8::7", "198.51.100.1"):
        ad = client.get("/ads/decide?slots=rail&section=World", headers=PERSON, environ_base={"REMOTE_ADDR": address}).get_json()["rail"]
        client.get(ad["click"], headers=PERSON, environ_base={"REMOTE_ADDR": address})
    assert [row[3:] for row in counts(app)] == [(1, 0, 1)]
    assert filtered() == {("served", "staff"): 2, ("click", "staff"): 2}


def test_a_token_does_not_tell_its_holder_whether_or_why_it_will_not_count() -> None:
    said = set()
    for reason in (None, *UNCOUNTED):
        impression = Impression(7, "rail", "World", NOW, "00" * 12, reason)
        token = impression.sign(b"secret")
        assert read(b"secret", token) == impression
        with pytest.raises(BadToken):
            read(b"another", token)
        said.add(urlsafe_b64decode(token + "=" * (-len(token) % 4))[16:])
    assert len(said) == 1, "beside the MAC they differ"


def test_what_is_seen_after_the_last_one_ordered_is_beyond(app: Flask, client: FlaskClient) -> None:
    creative = order(budget=2)
    tokens = [Impression.make(creative, "rail", "World", now=NOW).sign(keyring().secret) for _ in range(5)]  # of several processes at once
    for token in tokens:
        client.post("/ads/viewed", data={"token": token}, headers=OWN)
    assert [row[3:] for row in counts(app)] == [(0, 2, 0)]
    assert filtered() == {("viewable", "beyond"): 3}


@pytest.mark.parametrize("section", ["Nowhere", "x" * 5000, "World%00x", "%ff%fe", "World'"])
def test_a_section_that_the_paper_does_not_have_is_none(app: Flask, client: FlaskClient, section: str) -> None:
    order()
    assert client.get(f"/ads/decide?slots=rail&section={section}", headers=PERSON).get_json()
    assert counts(app) == [("2026-06-01", "rail", "", 1, 0, 0)]


def test_nobody_stands_twice_on_a_page_and_what_was_shown_is_not_shown_again(client: FlaskClient) -> None:
    first, second = order("apples"), order("pears")
    slots = decide(client, "top,article,rail,foot")
    assert sorted(ad["id"] for ad in slots.values()) == [first, second]  # type: ignore[type-var]
    later = client.get(f"/ads/decide?slots=foot&shown={first},{second}", headers=PERSON).get_json()
    assert later == {}


def test_sections_times_pause_and_budget_are_kept(client: FlaskClient, session: Session) -> None:
    order("apples", sections=["Sport"])
    order("pears", starts_at=NOW + timedelta(seconds=1))
    order("plums", state="paused")
    order("figs", ends_at=NOW)
    order("nuts", budget=0)
    assert decide(client) == {}
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        assert decide(client)["rail"]["alt"] == "Eat pears"


def test_the_way_asks_for_odd_things_without_harm(client: FlaskClient) -> None:
    order()
    for query in ("", "slots=", "slots=rail,rail,nowhere", "shown=a,-1,9999999999999999999999", "slots=%00", "section=" + "x" * 5000):
        assert client.get(f"/ads/decide?{query}", headers=PERSON).status_code == 200


def test_counts_survive_a_database_that_is_away(app: Flask, client: FlaskClient) -> None:
    order()
    tally: Tally = app.extensions["ads_tally"]
    ad = decide(client)["rail"]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ads_used_token RENAME TO elsewhere")
    client.post("/ads/viewed", data={"token": ad["token"]}, headers=OWN)
    with pytest.raises(Exception, match="ads_used_token"):
        tally.write()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO ads_used_token")
    assert [row[3:] for row in counts(app)] == [(1, 1, 0)]
