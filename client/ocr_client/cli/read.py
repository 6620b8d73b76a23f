"""`ocr read`: reads images, documents and folders of them, and writes the text in a format of choice."""

import errno
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.delivery import Delivery, Stopped
from ocr_client.cli.inputs import expand
from ocr_client.cli.outcomes import Outcome, read_all
from ocr_client.cli.plan import Plan, make_plan
from ocr_client.cli.progress import Progress
from ocr_client.cli.view import print_pages
from ocr_client.formats import WRITERS
from ocr_client.options import FLAGS, OPTIONS, Choice, Flag, Word
from ocr_client.settings import CONCURRENCY

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ocr_client.options import ReadOptions

EXAMPLES = """\b
Examples:
  ocr read receipt.jpg                      confidence and text, line by line
  ocr read receipt.jpg --layout             rows and columns as they stand on the page
  ocr read report.pdf --output report.md    headings, paragraphs, lists and tables
  ocr read scans/ --json | jq -r '.lines[].text'
  ocr read contract.pdf --format pdf --output searchable.pdf
                                            the same document with text that can be searched and copied
  ocr read scans/ -r --format hocr --output hocr/ --skip-existing
                                            one file for each; repeat it to continue after an interruption
  ocr read 'scans/**/*.tif' https://example.com/sign.jpg
  curl -s https://example.com/sign.jpg | ocr read -
  ocr read photo.jpg --overlay drawn        draw what was read into drawn/photo.png
  ocr read photo.jpg --url grpc://gpu-box:8001
                                            ask another server; OCR_URL sets the default
  ocr read faint.png --map-threshold 0.2 --min-confidence 0
                                            find fainter text, and show doubtful lines, too

\b
Exit status: 0 everything was read, 1 something was not (see stderr), 2 wrong usage, 130 interrupted (Ctrl-C),
143 terminated.
"""


def once(_ctx: click.Context, _param: click.Parameter, values: tuple[Any, ...]) -> Any:
    """The one value of an option, None if it is not given; two different ones contradict each other."""
    if len(given := list(dict.fromkeys(values))) > 1:
        raise click.BadParameter(f"it is given as {given[0]} and as {given[1]}; give it once")
    return given[0] if given else None


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each of `ReadOptions`."""
    for name, option in reversed([*OPTIONS.items(), *FLAGS.items()]):
        flag = f"--{name.replace('_', '-')}"
        if isinstance(option, Flag):
            decorator = click.option(flag, is_flag=True, help=option.meaning)
        elif isinstance(option, Choice):
            kind = click.Choice(option.words)
            decorator = click.option(flag, type=kind, multiple=True, callback=once, help=option.meaning)
        elif isinstance(option, Word):
            decorator = click.option(flag, multiple=True, callback=once, metavar="NAME", help=option.meaning)
        else:
            number = click.FloatRange(option.low, option.high)
            decorator = click.option(flag, type=number, multiple=True, callback=once, metavar="X", help=option.meaning)
        command = decorator(command)
    return command


@click.command(epilog=EXAMPLES)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path())
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(list(WRITERS)),
    multiple=True,
    callback=once,
    help="Output format.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format jsonl.")
@click.option("--layout", is_flag=True, help="Keep rows and columns of --format text where they stand on the page.")
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(),
    help="A file, whose suffix sets the format, or a folder (a name without suffix), which gets a file for each IMAGE. "
    "No file is left incomplete.",
)
@click.option(
    "--overlay",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw the boxes and the text into PNG files in DIR.",
)
@click.option("-r", "--recursive", is_flag=True, help="Read the folders in a folder, too.")
@click.option("--skip-existing", is_flag=True, help="Skip each IMAGE whose file is in the --output folder already.")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    metavar="N",
    help=f"How many requests are under way at the same time.  [default: {CONCURRENCY} for each server]",
)
@click.option(
    "--dpi",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Resolution for rendering the pages of PDFs, and of images that state none.  [default: 200]",
)
@click.option(
    "--force",
    is_flag=True,
    help="With PDFs as input and output: add text to pages that have text already, and to signed PDFs, whose signature "
    "breaks.",
)
@request_options
@connection_options
@click.pass_context
def read(
    ctx: click.Context,
    images: tuple[str, ...],
    connect: Connect,
    format_name: str | None,
    as_json: bool,
    layout: bool,
    output: str | None,
    overlay: Path | None,
    recursive: bool,
    skip_existing: bool,
    concurrency: int | None,
    dpi: float | None,
    force: bool,
    **options: "Unpack[ReadOptions]",
) -> None:
    """Print the text in each IMAGE.

    An IMAGE is a file (images; PDFs and TIFFs page by page), a folder for those in it, a pattern in quotes, a URL, or
    - for standard input. Options left out take the server's defaults. Written as a PDF, a PDF keeps its pages and all
    that is in them, and gets invisible text.
    """
    if as_json and format_name:
        raise click.UsageError("--json is --format jsonl: give one of them")
    inputs = expand(images, recursive=recursive)
    format_name = "jsonl" if as_json else format_name
    plan = make_plan(inputs, format_name, output, overlay, skip_existing=skip_existing, layout=layout)
    if force and not plan.to_pdf:
        raise click.UsageError("--force adds text to PDFs that have some: it needs --format pdf")
    if not plan.inputs:
        click.echo(f"nothing to do: all {plan.skipped} files are in {plan.folder}", err=True)
        return
    if plan.needs_blocks:
        options["blocks"] = True
    if plan.needs_words:
        options["words"] = True
    with connect() as client, Progress(len(plan.inputs), bar=_shows_bar(plan)) as progress:
        outcomes = read_all(
            client,
            plan.inputs,
            dpi=dpi,
            concurrency=concurrency or CONCURRENCY * len(ctx.params["addresses"]),
            keep_images=plan.needs_images,
            to_pdf=plan.to_pdf,
            force=force,
            options={**options, "unread": True},  # to tell of lines in unknown scripts
        )
        with closing(outcomes), _interruptions_told(plan, progress):
            _deliver(plan, Delivery(progress, plan.pictures), outcomes)
    ctx.exit(1 if progress.failed else 0)


def _shows_bar(plan: Plan) -> bool:
    """Whether there is a terminal for a bar, and no results go there."""
    return sys.stderr.isatty() and bool(plan.file or plan.folder or not sys.stdout.isatty())


def _deliver(plan: Plan, delivery: Delivery, outcomes: Iterator[Outcome]) -> None:
    if plan.writer is None:
        several = len(plan.inputs) > 1
        delivery.to_people(outcomes, partial(print_pages, headed=several))
    elif plan.folder:
        delivery.to_folder(outcomes, plan.writer, plan.files)
    elif plan.file:
        delivery.to_file(outcomes, plan.writer, plan.file)
    else:
        delivery.to_stdout(outcomes, plan.writer)


@contextmanager
def _interruptions_told(plan: Plan, progress: Progress) -> Iterator[None]:
    """If a run ends early, say what is done and how to continue."""
    try:
        with _terminated_as_interrupted():
            yield
    except Stopped as stopped:
        raise click.ClickException("\n".join([str(stopped), *_where_it_is(plan, progress)])) from stopped
    except KeyboardInterrupt as interruption:
        number = interruption.args[0] if interruption.args else signal.SIGINT
        progress.say("\n".join(["Interrupted.", *_where_it_is(plan, progress)]))
        click.get_current_context().exit(128 + number)
    except ModuleNotFoundError as error:  # of a format
        raise click.ClickException(str(error)) from error
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EPIPE:  # nobody reads the output any more; click ends the program
            raise
        raise click.ClickException(f"the results cannot be written: {error}") from error


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Have SIGTERM, which `timeout` and service managers send, end the block as Ctrl-C does."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _where_it_is(plan: Plan, progress: Progress) -> list[str]:
    """What is done and how to continue, in a sentence; empty if nothing is."""
    if not progress.finished:
        return []
    resumable = "With a folder as --output, --skip-existing can continue a run."
    done = f"{plan.skipped + progress.finished} of {plan.skipped + len(plan.inputs)} files are done"
    if progress.failed:
        done += " (except for the failures above)"
    if plan.folder:
        return [f"{done} and in {plan.folder}: repeat the command with --skip-existing to continue from there."]
    if plan.file:
        return [f"{done}, but {plan.file} is not written. {resumable}"]
    return [f"{done}. {resumable}"]
