"""gunicorn's log in our form: JSON lines, and of a request only what is nobody's secret."""

import json
import logging
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from webapp import clock
from webapp.logs import JsonLines, write_json
from webapp.tracing import ROUTE


class JsonLog(Logger):
    """One line a request: when, which route (never the address: it may be a secret link), how it ended and how long it took.

    No client address, no User-Agent, no Referer: none is needed to run the site.
    """

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        write_json()
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())
            handler.addFilter(_without_address)
        for handler in self.access_log.handlers:
            handler.setFormatter(logging.Formatter("%(message)s"))

    def access(self, resp: Any, req: Any, environ: MutableMapping[str, Any], request_time: timedelta) -> None:
        if not self.cfg.accesslog:
            return
        line = {
            "time": clock.now().isoformat(timespec="milliseconds"),
            "request": environ.get("daily_draw.request_id"),
            "method": environ.get("REQUEST_METHOD"),
            "route": environ.get(ROUTE, "none"),
            "status": int(resp.status.split(None, 1)[0]) if isinstance(resp.status, str) else resp.status,
            "bytes": resp.sent,
            "ms": round(request_time.total_seconds() * 1000, 2),
        }
        self.access_log.info(json.dumps(line))


def _without_address(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith("Invalid request from ip="):
        record.msg, record.args = "invalid request", ()
    return True
