"""`ocr demo`: a page in the browser to try OCR."""

import click

from ocr_client.cli.connection import Connect, connection_options


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; with 0.0.0.0 other machines can reach it.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
@connection_options
def demo(connect: Connect, host: str, port: int, no_browser: bool) -> None:
    """Open a page in the browser: drop an image, see its text.

    The page is served from this machine until Ctrl-C.
    """
    from ocr_client.demo import serve  # what only this command needs

    try:
        serve(connect, host, port, open_browser=not no_browser)
    except OSError as error:
        raise click.ClickException(str(error.strerror or error)) from error
