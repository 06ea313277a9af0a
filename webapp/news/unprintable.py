"""The characters no text of ours may hold: XML 1.0 (§2.2) forbids most of them, and no reader sees any."""

import re

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
