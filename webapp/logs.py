"""Logs: one JSON line for each event, with the request it belongs to. Never a secret, never anything about a person."""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonLines(logging.Formatter):
    """A record as one line of JSON.

    An error's own words may hold what somebody typed, or an address with a token: of an exception only its type and the
    places it passed are written, and of the message beside it only what the code says, not what was put into it.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg) if record.exc_info else record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if request_id.get():
            line["request"] = request_id.get()
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            if isinstance(error := record.exc_info[1], OSError):
                line["reason"] = error.strerror
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames][-20:]
        return _encode(line)


def write_json(level: int = logging.INFO) -> None:
    """Let every logger of this process write JSON lines to standard error, ours from `level` up and others' from warning."""
    # Nobody reads these in our lines, and to find them out is half of what an event costs (logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    ours = logging.getLogger("webapp")
    ours.handlers[:] = []
    ours.setLevel(level)
