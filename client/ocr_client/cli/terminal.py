"""Coloured text on stdout, where there is a terminal that wants it."""

import os

import click


def print_styled(text: str) -> None:
    """Print a line; without its colours in a pipe (click takes them out) and with NO_COLOR (no-color.org)."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
