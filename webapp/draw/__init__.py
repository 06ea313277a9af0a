"""Room of the draw: public logs, seals, beacons and rankings by Open Draw v1. It knows no person and no mail."""

from typing import TYPE_CHECKING

from flask import Flask

from webapp.doors import lazily

if TYPE_CHECKING:
    from webapp.draw.appending import append_entries, append_entry, open_log, refuse_if_behind, remove_entry
    from webapp.draw.beacons import QUICKNET, operator_commitment, parse_beacon, round_at, round_time
    from webapp.draw.bundling import bundle, result_json
    from webapp.draw.drawing import draw, rank
    from webapp.draw.facts import (
        Appended,
        Beacon,
        LogStatus,
        OpenTerms,
        Ranked,
        Result,
        Sealed,
        Step,
        Verified,
        Voided,
        Winner,
    )
    from webapp.draw.logkeys import LogKey
    from webapp.draw.reading import status
    from webapp.draw.receipts import receipt
    from webapp.draw.refusals import (
        AlreadyAwarded,
        AlreadyDrawn,
        AlreadyForfeited,
        AlreadyPaid,
        AlreadyRemoved,
        AlreadySealed,
        BadBeacon,
        BadTerms,
        ClockBehind,
        Invalid,
        LogBehind,
        LogExists,
        LogMissing,
        LogSealed,
        LogVoid,
        NobodyEligible,
        NotAllowed,
        NotAnEntry,
        NotAwarded,
        NotAWinner,
        NotDrawn,
        NotDue,
        NotSealed,
        TooEarly,
        TooLate,
        WrongKey,
    )
    from webapp.draw.relays import RELAYS, NoBeacon, Tried, fetch_beacon
    from webapp.draw.rows import LockAhead
    from webapp.draw.sealing import seal
    from webapp.draw.settling import award, forfeit, paid, void
    from webapp.draw.tickets import commitment, receipt_email
    from webapp.draw.verifying import verify
else:
    __getattr__ = lazily(
        __name__,
        appending="append_entries append_entry open_log refuse_if_behind remove_entry",
        beacons="QUICKNET operator_commitment parse_beacon round_at round_time",
        bundling="bundle result_json",
        drawing="draw rank",
        facts="Appended Beacon LogStatus OpenTerms Ranked Result Sealed Step Verified Voided Winner",
        logkeys="LogKey",
        reading="status",
        receipts="receipt",
        refusals=(
            "AlreadyAwarded AlreadyDrawn AlreadyForfeited AlreadyPaid AlreadyRemoved AlreadySealed BadBeacon BadTerms "
            "ClockBehind Invalid LogBehind LogExists LogMissing LogSealed LogVoid NobodyEligible NotAllowed NotAnEntry "
            "NotAwarded NotAWinner NotDrawn NotDue NotSealed TooEarly TooLate WrongKey"
        ),
        relays="RELAYS NoBeacon Tried fetch_beacon",
        rows="LockAhead",
        sealing="seal",
        settling="award forfeit paid void",
        tickets="commitment receipt_email",
        verifying="verify",
    )

__all__ = [
    "QUICKNET",
    "RELAYS",
    "AlreadyAwarded",
    "AlreadyDrawn",
    "AlreadyForfeited",
    "AlreadyPaid",
    "AlreadyRemoved",
    "AlreadySealed",
    "Appended",
    "BadBeacon",
    "BadTerms",
    "Beacon",
    "ClockBehind",
    "Invalid",
    "LockAhead",
    "LogBehind",
    "LogExists",
    "LogKey",
    "LogMissing",
    "LogSealed",
    "LogStatus",
    "LogVoid",
    "NoBeacon",
    "NobodyEligible",
    "NotAWinner",
    "NotAllowed",
    "NotAnEntry",
    "NotAwarded",
    "NotDrawn",
    "NotDue",
    "NotSealed",
    "OpenTerms",
    "Ranked",
    "Result",
    "Sealed",
    "Step",
    "TooEarly",
    "TooLate",
    "Tried",
    "Verified",
    "Voided",
    "Winner",
    "WrongKey",
    "append_entries",
    "append_entry",
    "award",
    "bundle",
    "commitment",
    "draw",
    "fetch_beacon",
    "forfeit",
    "init_app",
    "open_log",
    "operator_commitment",
    "paid",
    "parse_beacon",
    "rank",
    "receipt",
    "receipt_email",
    "refuse_if_behind",
    "remove_entry",
    "result_json",
    "round_at",
    "round_time",
    "seal",
    "status",
    "verify",
    "void",
]


def init_app(app: Flask) -> None:
    """Register this room's pages."""
    from webapp.draw import models, verify_views, views  # noqa: F401

    app.register_blueprint(views.blueprint)
    verify_views.register(app)
