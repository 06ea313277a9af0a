"""Checks of the machine: folders, who may read them, room, file systems, Python, time."""

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from webapp.config import ROOT
from webapp.database import Base, db
from webapp.news import card_file
from webapp.ops.doctoring import Check, Finding, Patient, fault, warn
from webapp.ops.health import DISK_IS_LOW
from webapp.ops.installing import database_file, modes
from webapp.ops.ticked import last_tick

NETWORKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "ceph", "afs", "glusterfs", "fuse.glusterfs", "9p"}
CLOCK_STEP = timedelta(seconds=60)
_RECORDED = (("mail_outbox", "created_at"), ("sweepstakes_entrant", "registered_at"), ("sweepstakes_audit", "at"))


def python(patient: Patient) -> Iterator[Finding]:
    if patient.python < (3, 11):
        found = ".".join(map(str, patient.python))
        yield fault(f"Python {found} is too old.", "Install Python 3.11 or newer, then make the virtual environment anew.")


def instance(patient: Patient) -> Iterator[Finding]:
    here = patient.settings.instance
    if not here.is_dir():
        yield fault(f"The instance folder {here} is not there.", "Run `flask init`, or set INSTANCE_PATH to where it is.")
    elif not os.access(here, os.W_OK | os.X_OK):
        yield fault(f"The instance folder {here} cannot be written by this user.", f"Run as its owner, or: chown -R $(id -u) {here}")
    for left in (*here.glob(".restore-*"), *here.glob(".backup-*")):
        yield warn(f"{left} was left by a backup or restoration that was killed.", f"If none is running: rm -r {left}")


def permissions(patient: Patient) -> Iterator[Finding]:
    for path, mode in modes(patient.settings).items():
        found = stat.S_IMODE(path.stat().st_mode)
        if found & ~mode & 0o077:
            yield fault(f"Others may read or change {path} (mode {found:o}).", f"chmod {mode:o} {path} (or run `flask init`)")
        elif mode & ~found:
            yield warn(f"{path} is closed to those who need it (mode {found:o}).", f"chmod {mode:o} {path} (or run `flask init`)")


def owners(patient: Patient) -> Iterator[Finding]:
    for path in modes(patient.settings):
        if path.stat().st_uid != os.geteuid() and os.geteuid() != 0:
            yield fault(f"{path} belongs to another user (uid {path.stat().st_uid}).", f"chown $(id -u) {path}, as root")


def media(patient: Patient) -> Iterator[Finding]:
    folder = patient.settings.media
    if not folder.is_dir():
        yield fault(f"The folder of pictures {folder} is not there.", "Run `flask init`, or set MEDIA_PATH to where it is.")
        return
    table = Base.metadata.tables
    made = (variant["file"] for row in db.session.execute(select(table["news_picture"].c.variants)) for variant in row[0])
    ads = (picture["file"] for row in db.session.execute(select(table["ads_creative"].c.pictures)) for picture in row[0].values())
    cards = (card_file(row[0]) for row in db.session.execute(select(table["news_article"].c.card)) if row[0] is not None)
    missing = sorted({str(name) for name in (*made, *cards, *ads) if not (folder / str(name)).is_file()})
    if missing:
        mend = "Import those articles again (`flask article import FOLDER --again`), or restore a backup."
        yield fault(f"{len(missing)} pictures are missing in {folder}, first {missing[0]}.", mend)


def static_files(_patient: Patient) -> Iterator[Finding]:
    closed = [path for path in (ROOT / "static").rglob("*") if not path.stat().st_mode & (0o005 if path.is_dir() else 0o004)]
    if closed:
        yield warn(f"{closed[0]} cannot be read by the web server in front.", f"chmod -R a+rX {ROOT / 'static'}")


def disk(patient: Patient) -> Iterator[Finding]:
    file = database_file(patient.settings)
    for folder in {patient.settings.instance, patient.settings.media, *([file.parent] if file else [])}:
        free = patient.free(folder) if folder.is_dir() else DISK_IS_LOW * 5
        if free < DISK_IS_LOW * 5:
            level = fault if free < DISK_IS_LOW else warn
            yield level(f"{free // 2**20} MiB are left on the disk of {folder}.", "Make room: a full disk refuses entries.")


def file_system(patient: Patient) -> Iterator[Finding]:
    file = database_file(patient.settings)
    places = [Path(line.split()[1].replace("\\040", " ")) for line in patient.mounts.splitlines()]
    kinds = [line.split()[2] for line in patient.mounts.splitlines()]
    for folder in {patient.settings.instance, *([file.parent] if file else [])} if file else ():
        under = [(len(place.parts), kind) for place, kind in zip(places, kinds, strict=True) if folder.is_relative_to(place)]
        kind = max(under, default=(0, ""))[1]
        if kind in NETWORKS:
            mend = "Move INSTANCE_PATH and the database to a local disk, or use PostgreSQL: locks do not hold over a network."
            yield fault(f"{folder} is on a network file system ({kind}).", mend)


def clock(patient: Patient) -> Iterator[Finding]:
    tables = Base.metadata.tables
    recorded = [db.session.scalar(select(func.max(tables[name].c[column]))) for name, column in _RECORDED]
    ticked = last_tick(patient.settings.instance)
    last = max((moment for moment in (*recorded, ticked.at if ticked else None) if moment is not None), default=patient.now)
    if last - patient.now > CLOCK_STEP:
        mend = "Set the clock (timedatectl set-ntp true): seals and draws go by it."
        yield fault(f"The clock says {patient.now:%Y-%m-%d %H:%M} UTC, but something was recorded at {last:%Y-%m-%d %H:%M}.", mend)


CHECKS = (
    Check("python", "Python is new enough.", python),
    Check("instance", "The instance folder can be written.", instance),
    Check("permissions", "Keys and database are the owner's alone; pictures can be read.", permissions),
    Check("owners", "Everything belongs to this user.", owners),
    Check("media", "All pictures are there.", media, needs_schema=True),
    Check("static", "All static files can be read.", static_files),
    Check("disk", "There is room on the disk.", disk),
    Check("file-system", "The database is on a local disk, or is PostgreSQL.", file_system),
    Check("clock", "The clock is not behind what was recorded.", clock, needs_schema=True),
)
