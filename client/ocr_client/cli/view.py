"""What was read, as people see it: each line after its confidence."""

from collections.abc import Iterable

import click

from ocr_client.cli.terminal import print_styled
from ocr_client.documents import ReadPage

SURE = 0.9


def print_pages(results: Iterable[ReadPage], *, headed: bool) -> None:
    """Print pages while they come.

    Args:
        results: What was read.
        headed: Whether to print the file's name above every page, or only from the second page of a file on.
    """
    for result in results:
        if headed or result.number > 1:
            print_styled(click.style(f"==> {result.source}{_page_number(result)} <==", bold=True))
        for line in result.page.lines:
            confidence = f"{line.confidence:.2f}"
            print_styled(
                f"{confidence if line.confidence >= SURE else click.style(confidence, fg='yellow')}  {line.text}"
            )
        if not result.page.lines:
            click.echo(f"{result.source}{_page_number(result)}: no text found", err=True)


def _page_number(result: ReadPage) -> str:
    return "" if result.number == 1 else f", page {result.number}"
