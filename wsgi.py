"""What gunicorn serves and `flask` commands are found through."""

from webapp import create_app

app = create_app()
