"""How well and how fast a running server reads."""
