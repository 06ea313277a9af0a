"""Flask, Jinja, Flask-SQLAlchemy, Flask-WTF and email-validator as their own tutorials use them."""

import os
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from flask import Flask, redirect, render_template
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import DateTime, String, Text, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.wrappers import Response
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import DataRequired, Email, Length


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(metadata=Base.metadata)


class Article(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(200), unique=True)
    headline: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text)
    published: Mapped[datetime] = mapped_column(DateTime, index=True)


class Entrant(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "entrant"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)
    newsletter: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[datetime | None] = mapped_column(DateTime)
    created: Mapped[datetime] = mapped_column(DateTime)


class RegisterForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", validators=[DataRequired(), Length(max=80)])
    email = EmailField("E-mail", validators=[DataRequired(), Email()])
    agree = BooleanField("I agree to the rules", validators=[DataRequired()])
    newsletter = BooleanField("Send me the newsletter")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "only for the benchmark"
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["ORDINARY_DATABASE"]
    db.init_app(app)
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        with app.app_context():

            @event.listens_for(db.engine, "connect")
            def durable(connection: Any, _record: object) -> None:
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
                    connection.execute(f"PRAGMA {pragma}")

    @app.get("/")
    @app.get("/news/<slug>")
    def article(slug: str | None = None) -> str:
        found = select(Article).order_by(Article.published.desc()).limit(1) if slug is None else select(Article).filter_by(slug=slug)
        piece = db.first_or_404(found)
        newest = db.session.scalars(select(Article).order_by(Article.published.desc()).limit(10)).all()
        return render_template("article.html", article=piece, headlines=newest, form=RegisterForm())

    @app.route("/register", methods=["GET", "POST"])
    def register() -> Response | tuple[str, int]:
        form = RegisterForm()
        if not form.validate_on_submit():
            return render_template("register.html", form=form), 422 if form.is_submitted() else 200
        entrant = Entrant(
            name=form.name.data,
            email=form.email.data.lower(),
            newsletter=form.newsletter.data,
            token=token_urlsafe(32),
            created=datetime.now(UTC).replace(tzinfo=None),
        )
        db.session.add(entrant)
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
        return redirect("/thanks")

    @app.post("/confirm/<token>")
    def confirm(token: str) -> Response:
        entrant = db.first_or_404(select(Entrant).filter_by(token=token))
        entrant.confirmed = datetime.now(UTC).replace(tzinfo=None)
        db.session.commit()
        return redirect("/thanks")

    return app
