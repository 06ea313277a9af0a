"""Who may sell this site's ads, as ads.txt says it (IAB Tech Lab, Ads.txt version 1.1): its lines judged and completed."""

import re
from collections import Counter
from typing import NamedTuple

# §3.2.2 and §3.4; how often each may stand in the file.
VARIABLES = {"CONTACT": 20, "SUBDOMAIN": 1000, "INVENTORYPARTNERDOMAIN": 1000, "OWNERDOMAIN": 1, "MANAGERDOMAIN": 250}
# §3.2.1: what says that nobody is authorised to sell.
NOBODY = "placeholder.example.com, placeholder, DIRECT, placeholder"
# Compiled where one is judged, as few sites have any: with the start it took a millisecond.
_DOMAIN = r"(?i:(?!-)([a-z0-9-]{1,63}(?<!-)\.)+[a-z][a-z0-9-]{0,62}(?<!-))"
_OF_DOMAINS = {"SUBDOMAIN", "INVENTORYPARTNERDOMAIN", "OWNERDOMAIN", "MANAGERDOMAIN"}


class BadLine(NamedTuple):
    """A line that cannot stand in the file: which one, what is wrong, and the mend."""

    number: int
    problem: str
    mend: str


def lines_of(text: str) -> list[str]:
    """The lines of a setting or a file: between line breaks, or, where there is none, between semicolons."""
    lines = text.splitlines() if "\n" in text else text.split(";")
    return [line.strip() for line in lines]


def lint(lines: list[str]) -> list[BadLine]:
    """All that is wrong with them."""
    found = [BadLine(number, *wrong) for number, line in enumerate(lines, 1) if (wrong := _judge(line)) is not None]
    names = Counter(_name(line) for line in lines)
    for name, most in VARIABLES.items():
        if names[name] > most:
            last = max(number for number, line in enumerate(lines, 1) if _name(line) == name)
            found.append(BadLine(last, f"{name} stands {names[name]} times", f"Keep {most}."))
    return found


def render(lines: tuple[str, ...], host: str) -> str:
    """The file. Without a seller it says so; without an OWNERDOMAIN it names `host`, if that is a domain."""
    sellers = any(_content(line) and _name(line) is None for line in lines)
    whole = [*lines] if sellers else [*lines, NOBODY]
    if not any(_name(line) == "OWNERDOMAIN" for line in lines) and re.fullmatch(_DOMAIN, host):
        whole.append(f"OWNERDOMAIN={host}")
    return "".join(f"{line}\n" for line in whole)


def _content(line: str) -> str:
    return line.partition("#")[0].strip()


def _name(line: str) -> str | None:
    """The variable that the line sets; None for a seller."""
    head, sign, _ = _content(line).partition("=")
    return head.strip().upper() if sign and "," not in head else None


def _judge(line: str) -> tuple[str, str] | None:
    content = _content(line)
    if not line.isascii() or any(not sign.isprintable() and sign != "\t" for sign in line):
        return "holds something else than plain ASCII", "Write domains beginning with xn--."
    if not content:
        return None
    name = _name(line)
    if name is not None:
        return _judge_variable(name, content.partition("=")[2].strip())
    return _judge_seller(content)


def _judge_seller(content: str) -> tuple[str, str] | None:
    fields = [field.strip() for field in content.partition(";")[0].split(",")]  # behind a semicolon stand extensions
    if not 3 <= len(fields) <= 4 or not all(fields):
        return f"{content!r} has {len([field for field in fields if field])} fields", "Write domain, seller id, DIRECT or RESELLER[, id]."
    if not re.fullmatch(_DOMAIN, fields[0]):
        return f"{fields[0]!r} is not a domain", "Write the advertising system's domain first, for example adsystem.example."
    if any(" " in field or "\t" in field for field in fields):
        return f"{content!r} has spaces within a field", "Write domain, seller id, DIRECT or RESELLER, with commas between."
    if fields[2].upper() not in {"DIRECT", "RESELLER"}:
        return f"{fields[2]!r} is neither DIRECT nor RESELLER", "Write DIRECT if the account is your own, else RESELLER."
    return None


def _judge_variable(name: str, value: str) -> tuple[str, str] | None:
    if name not in VARIABLES:
        return f"{name} is not a variable of ads.txt 1.1", f"Known are {', '.join(VARIABLES)}."
    if not value:
        return f"{name} is empty", "Write its value behind the equals sign, or leave the line out."
    # MANAGERDOMAIN may name a country (§3.4).
    domain, comma, country = value.partition(",")
    if name == "MANAGERDOMAIN" and comma and not re.fullmatch(r"[A-Za-z]{2}", country.strip()):
        return f"{country.strip()!r} is not a country", "Write two letters of ISO 3166, for example US."
    if name in _OF_DOMAINS and not re.fullmatch(_DOMAIN, domain.strip() if name == "MANAGERDOMAIN" else value):
        return f"{name} names {value!r}, which is not a domain", "Write the domain alone, for example news.example.com."
    return None
