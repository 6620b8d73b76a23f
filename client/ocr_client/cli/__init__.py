"""The `ocr` command: results on stdout, everything else on stderr."""

import click

from ocr_client.cli.bench import bench
from ocr_client.cli.demo import demo
from ocr_client.cli.read import read
from ocr_client.cli.status import status

EPILOG = """\b
Examples:
  ocr read receipt.jpg                what is written on it
  ocr status                          is there a server, and is it well?
  ocr demo                            try it in the browser

\b
Completion of options and file names, to be put into the shell's start-up file:
  bash  eval "$(_OCR_COMPLETE=bash_source ocr)"
  zsh   eval "$(_OCR_COMPLETE=zsh_source ocr)"
  fish  _OCR_COMPLETE=fish_source ocr | source

\b
OCR_URL names the server for all commands. NO_COLOR=1 turns colours off.
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ocr-triton-client", prog_name="ocr")
def main() -> None:
    """Read the text in images with an OCR server (`make serve` starts one)."""


main.add_command(read)
main.add_command(status)
main.add_command(demo)
main.add_command(bench)
