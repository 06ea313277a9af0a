"""The body of an article as other programs get it: plain pictures and whole addresses."""

import re

# The importer's HTML: lower case, every value in double quotes, no `<` within.
_TAG = re.compile(r'<[a-z][a-z0-9]*(?: [a-z-]+="[^"]*")*>')
# What only our page needs; a <div> is the box around a table.
_SOURCE = re.compile(r'<(?:source|div)(?: [a-z-]+="[^"]*")*>|</(?:picture|div)>|<picture>')
_NEEDLESS = re.compile(r' (?:srcset|sizes|loading|decoding|fetchpriority|class|id|rel)="[^"]*"')
_ADDRESS = re.compile(r' (href|src)="([/#][^"]*)"')


def for_elsewhere(body: str, *, site_url: str, page_url: str) -> str:
    """`body` with absolute addresses: what begins with / under `site_url`, sub-headings at `page_url`."""

    def whole(match: re.Match[str]) -> str:
        base = site_url if match[2].startswith("/") else page_url
        return f' {match[1]}="{base}{match[2]}"'

    def plain(tag: re.Match[str]) -> str:
        return _ADDRESS.sub(whole, _NEEDLESS.sub("", tag[0]))

    return _TAG.sub(plain, _SOURCE.sub("", body))
