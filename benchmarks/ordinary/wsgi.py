"""For gunicorn."""

from benchmarks.ordinary.app import create_app

app = create_app()
