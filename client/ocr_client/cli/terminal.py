"""Coloured text on stdout, if that is a terminal."""

import os

import click


def print_styled(text: str) -> None:
    """Print a line, without colours in a pipe (click removes them) or with NO_COLOR (no-color.org)."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
