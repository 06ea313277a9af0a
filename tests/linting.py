"""What every page of ours must be, checked on any page any test opens."""

import re

import html5lib
from werkzeug.test import TestResponse

HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Permissions-Policy")


def lint(response: TestResponse) -> None:
    """Valid HTML with one h1, a title, a language, unique ids, labelled fields, described pictures, no inline code."""
    page = response.get_data(as_text=True)
    if not page:  # a HEAD, or a redirect
        return
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    problems = [f"{position}: {code} {details}" for position, code, details in parser.errors]
    if 300 <= response.status_code < 400:
        return
    everything = list(tree.iter())
    ids = [element.get("id") for element in everything if element.get("id")]
    problems += [f"id {name!r} twice" for name in {name for name in ids if ids.count(name) > 1}]
    headings = [element for element in everything if element.tag == "h1"]
    if len(headings) != 1:
        problems.append(f"{len(headings)} h1")
    if not tree.get("lang"):
        problems.append("no lang")
    if not (tree.findtext("head/title") or "").strip():
        problems.append("no title")
    labelled = {element.get("for") for element in everything if element.tag == "label"}
    for element in everything:
        if not isinstance(element.tag, str):
            continue
        if element.tag == "img" and (element.get("alt") is None or not element.get("width")):
            problems.append(f"img without alt or width: {element.get('src')}")
        if (
            element.tag in {"input", "select", "textarea"}
            and element.get("type") not in {"hidden", "submit"}
            and element.get("id") not in labelled
        ):
            problems.append(f"field without label: {element.get('name')}")
        if element.tag == "style" or element.get("style") or any(name.startswith("on") for name in element.attrib):
            problems.append(f"inline code on <{element.tag}>")
        if element.tag == "script" and not element.get("src") and element.get("type") != "application/ld+json":
            problems.append("inline script")
        for name in ("aria-describedby", "aria-labelledby"):
            problems += [f"{name} names no id: {target}" for target in (element.get(name) or "").split() if target not in ids]
        href = element.get("href") or ""
        if element.tag == "a" and re.fullmatch(r"#.+", href) and href[1:] not in ids:
            problems.append(f"link to nowhere: {href}")
    problems += [f"header missing: {name}" for name in HEADERS if name not in response.headers]
    assert not problems, f"{response.request.path}: " + "; ".join(problems)
