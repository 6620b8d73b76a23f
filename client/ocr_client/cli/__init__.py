"""The `ocr` command: results on stdout, everything else on stderr.

| module     | what is in it                                                              |
|------------|----------------------------------------------------------------------------|
| read       | `ocr read`: its options, and what becomes of an interruption               |
| archive    | `ocr archive`, on Ray; what it does is in `ocr_client.ray`                 |
| status     | `ocr status`                                                               |
| models     | `ocr models`; what it does to a server is in `ocr_client.administration`   |
| demo       | `ocr demo`; the page and its server are in `ocr_client.demo`               |
| bench      | `ocr bench`; what it measures with is `ocr_client.load_generator`          |
| connection | the options of every command that asks a server                            |
| inputs     | arguments → the files that they name                                       |
| plan       | inputs and options → which file each result is written into                |
| outputs    | the names of those files, and writing a whole file or none                 |
| outcomes   | inputs → their pages → what was read, in the inputs' order                 |
| delivery   | what was read → stdout, a file or a folder                                 |
| probe      | the small images that `ocr status` sends                                   |
| progress   | how far a run is and what failed, on stderr                                |
| view       | what was read, as people see it                                            |
| terminal   | colours, where they are wanted                                             |
"""

import click

from ocr_client.cli.archive import archive
from ocr_client.cli.bench import bench
from ocr_client.cli.demo import demo
from ocr_client.cli.models import models
from ocr_client.cli.read import read
from ocr_client.cli.status import status

EPILOG = """\b
Examples:
  ocr read receipt.jpg                read the text in an image
  ocr status                          check the server
  ocr models switch 2                 serve another version of the models
  ocr demo                            try OCR in the browser
  ocr bench scans/                    measure the server

\b
For completion of options and file names, add the line of your shell to its start-up file:
  bash  eval "$(_OCR_COMPLETE=bash_source ocr)"
  zsh   eval "$(_OCR_COMPLETE=zsh_source ocr)"
  fish  _OCR_COMPLETE=fish_source ocr | source

\b
OCR_URL sets the server for all commands. NO_COLOR=1 turns colours off.
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ocr-triton-client", prog_name="ocr")
def main() -> None:
    """Read the text in images with an OCR server (`make serve` starts one)."""


main.add_command(read)
main.add_command(archive)
main.add_command(status)
main.add_command(models)
main.add_command(demo)
main.add_command(bench)
