"""The letters that are about an entrant: their `ref` in the outbox is the entrant's id. A test keeps the list whole."""

ENTRANT_LETTERS = frozenset(
    {"confirm", "already_in", "you_are_in", "your_link", "excluded", "sealed", "won", "reminder", "not_this_time"},
)
