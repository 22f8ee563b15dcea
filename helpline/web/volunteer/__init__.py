"""Pages for volunteers, reached by links texted to them."""
