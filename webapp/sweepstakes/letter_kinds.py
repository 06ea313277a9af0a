"""Letters by whom they are about: their `ref` in the outbox is that row's id. A test keeps the lists whole."""

ENTRANT_LETTERS = frozenset(
    {"confirm", "already_in", "you_are_in", "your_link", "excluded", "sealed", "won", "reminder", "not_this_time"},
)
SUBSCRIBER_LETTERS = frozenset({"subscription", "your_subscription"})
