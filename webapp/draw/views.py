"""The public log over HTTP (C2SP tlog-tiles)."""

from flask import Blueprint

blueprint = Blueprint("draw", __name__)
