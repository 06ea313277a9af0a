"""Names of people: any script, no tricks."""

import unicodedata

LONGEST = 80
# Control, format (zero-width and bidi signs among them), surrogate, private and unassigned; line and paragraph separators.
# They show nothing, or make other text show wrongly, and databases and mail headers choke on some.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class NameRefused(Exception):
    """Not a name we can keep; `sentence` says why in the reader's words."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read_name(typed: str) -> str:
    """The name in what a person typed: NFC, trimmed, runs of spaces as one. Raises NameRefused."""
    spaced = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in unicodedata.normalize("NFC", typed).strip())
    name = " ".join(part for part in spaced.split(" ") if part)
    if not name:
        raise NameRefused("Write your name, so that we know whom to greet and, with luck, whom to pay.")
    if any(unicodedata.category(sign) in UNSEEN for sign in name):
        raise NameRefused("The name holds an invisible sign, perhaps from copying. Please check how it reads without it.")
    if len(name) > LONGEST:
        raise NameRefused(f"The name has {len(name)} characters; at most {LONGEST} fit.")
    if not any(unicodedata.category(sign)[0] == "L" for sign in name):
        raise NameRefused("The name holds no letter. Please write your name.")
    return name
