"""`flask doctor`."""

import shutil
from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app

from webapp import clock, console
from webapp.site import settings


@click.command()
@console.json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is wrong with this installation, and the mend for each. Changes nothing; exit code 1 if there is a fault.

    Example: flask doctor
    """
    from sqlalchemy.exc import SQLAlchemyError

    from webapp.ops import checks_database, checks_draws, checks_outside, checks_place, checks_settings
    from webapp.ops.doctoring import Patient, examine
    from webapp.ops.installing import head, revision

    mounts = Path("/proc/mounts")
    patient = Patient(
        settings=settings(),
        faults=current_app.extensions["faults"],
        now=clock.now(),
        free=lambda path: shutil.disk_usage(path).free,
        mounts=mounts.read_text(encoding="utf-8") if mounts.exists() else "",
        lookup=current_app.extensions.get("dns") or checks_outside.system_lookup(),
    )
    try:
        fits = revision() == head()
    except SQLAlchemyError:
        fits = False
    tables = (checks_place, checks_settings, checks_database, checks_draws, checks_outside)
    said = examine(patient, [check for table in tables for check in table.CHECKS], schema_is_there=fits)
    lines = [" – ".join(part for part in (f"{one.level:5} {one.check}", one.what, one.mend) if part) for one in said]
    faults = sum(one.level == "FAULT" for one in said)
    warnings = sum(one.level == "warn" for one in said)
    total = f"{console.counted(faults, 'fault')}, {console.counted(warnings, 'warning')}."
    console.say(
        "\n".join([*lines, total]), {"faults": faults, "warnings": warnings, "checks": [asdict(one) for one in said]}, as_json=as_json
    )
    if faults:
        context.exit(1)
