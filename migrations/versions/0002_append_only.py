"""The public log is append-only: the database itself refuses to change or remove what was logged."""

from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("draw_leaf", "draw_node", "draw_checkpoint")
LOG_MAY_NOT = "OLD.name <> NEW.name OR OLD.origin <> NEW.origin OR OLD.vkey <> NEW.vkey OR OLD.id <> NEW.id OR NEW.size < OLD.size"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        op.execute("CREATE TRIGGER draw_log_no_delete BEFORE DELETE ON draw_log BEGIN SELECT RAISE(ABORT, 'draw_log is append-only'); END")
        op.execute(
            f"CREATE TRIGGER draw_log_grows BEFORE UPDATE ON draw_log WHEN {LOG_MAY_NOT} BEGIN SELECT RAISE(ABORT, 'draw_log only grows'); END"
        )
        return
    op.execute(
        """CREATE FUNCTION draw_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
    )
    for table in APPEND_ONLY:
        op.execute(f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION draw_append_only()")
    for table in (*APPEND_ONLY, "draw_log"):
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION draw_append_only()")
    op.execute("CREATE TRIGGER draw_log_no_delete BEFORE DELETE ON draw_log FOR EACH ROW EXECUTE FUNCTION draw_append_only()")
    op.execute(
        f"CREATE TRIGGER draw_log_grows BEFORE UPDATE ON draw_log FOR EACH ROW WHEN ({LOG_MAY_NOT}) EXECUTE FUNCTION draw_append_only()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{verb}")
        op.execute("DROP TRIGGER draw_log_no_delete")
        op.execute("DROP TRIGGER draw_log_grows")
        return
    op.execute("DROP FUNCTION draw_append_only() CASCADE")
