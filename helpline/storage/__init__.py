"""What the helpline remembers: PostgreSQL, through SQLAlchemy."""
