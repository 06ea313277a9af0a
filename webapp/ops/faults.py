"""Why a backup, a restoration or a move was not made. Each says it in a sentence for the admin, with the mend."""


class Refused(Exception):
    """Nothing was changed, or all of it was taken back."""


class NotEmpty(Refused):
    """The place to restore into, or to move to, holds something already."""


class NotABackup(Refused):
    """The file is none of ours, was damaged, or means harm."""


class Differs(Refused):
    """What was read back is not what was written."""
