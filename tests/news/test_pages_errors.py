"""Error pages: helpful, and there when the database is not."""

from flask.testing import FlaskClient
from sqlalchemy import event

from webapp.database import db


def test_a_page_that_is_not_there_leads_back_to_the_paper(client: FlaskClient) -> None:
    response = client.get("/no/such/page")
    page = response.get_data(as_text=True)
    assert response.status_code == 404
    assert "Nothing at this address" in page
    assert 'href="/headlines"' in page
    assert response.headers["Cache-Control"] == "no-store"


def test_an_error_page_asks_no_database(client: FlaskClient) -> None:
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert client.get("/no/such/page").status_code == 404
    assert asked == []
