"""`ocr archive`: reads folders and object stores into Parquet on Ray; the work is in `ocr_client.ray`."""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ocr_client.address import parse_urls
from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.probe import small_image
from ocr_client.cli.read import request_options
from ocr_client.errors import OcrError
from ocr_client.formats import WRITERS
from ocr_client.settings import CONCURRENCY

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ocr_client.options import ReadOptions
    from ocr_client.ray.reading import Tally

EXAMPLES = """\b
Examples:
  ocr archive scans/ archive/ --url gpu-box:8000   one server, on this machine's cores
  ocr archive scans/ archive/                      start a server on each node
  ocr archive s3://bucket/scans s3://bucket/text --ray auto --url a:8000,b:8000
                                                   on the cluster of this machine, with two servers
  ocr archive scans/ archive/ --server-gpus 0.5    start two servers on each GPU
  ocr archive scans/ archive/ --format hocr        also archive/hocr/NAME.hocr for each file
  python -c "import pyarrow.parquet as p; print(p.read_table('archive/pages').to_pandas())"

\b
Exit status: 0 everything was read, 1 some pages were not (they are rows with an error), 2 wrong usage.
"""
# The store has names and counts only; Ray takes a third of the memory otherwise.
OBJECT_STORE_BYTES = 100_000_000
# How long a server may take to its first image, before anything else is done.
FIRST_ANSWER_S = 20.0
NOT_INSTALLED = "archives need ray and pyarrow: pip install 'ocr-triton-client[ray]'"


@click.command(epilog=EXAMPLES)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "-f", "--format", "format_name", type=click.Choice(list(WRITERS)), help="Write a file of this format, too."
)
@click.option("--retry-failed", is_flag=True, help="Read the files again out of which a page could not be read.")
@click.option(
    "--ray",
    "ray_address",
    envvar="RAY_ADDRESS",
    show_envvar=True,
    metavar="ADDRESS",
    help="The cluster: its address, or auto for the one of this machine. By default, Ray runs for this command.",
)
@click.option(
    "--readers",
    type=click.IntRange(1),
    metavar="N",
    help="How many tasks read at the same time.  [default: one for each CPU, but no more than requests]",
)
@click.option(
    "--reader-cpus",
    type=click.FloatRange(0, min_open=True),
    default=0.5,
    show_default=True,
    metavar="X",
    help="What Ray sets aside for each; a fraction, for they mostly wait.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    metavar="N",
    help=f"Requests under way at the same time, of all readers.  [default: {CONCURRENCY} for each server]",
)
@click.option(
    "--server",
    "server_command",
    default="",
    metavar="embedded|image|COMMAND",
    help="What is started on a node: `python -m server`, `ocr-serve`, or a command with {host}, {http_port}, "
    "{grpc_port} and {metrics_port} in it.  [default: image where there is ocr-serve, else embedded]",
)
@click.option(
    "--server-cpus",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    metavar="X",
    help="What Ray sets aside for each server that it starts.",
)
@click.option(
    "--server-gpus",
    type=click.FloatRange(0),
    metavar="X",
    help="The same of GPUs, such as 0.5 for two servers a GPU.  [default: 1 if the cluster has GPUs, else 0]",
)
@click.option(
    "--dpi",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Resolution for rendering the pages of PDFs, and of images that state none.  [default: 200]",
)
@click.option("--force", is_flag=True, help="With --format pdf: add text to pages that have text already, too.")
@request_options
@connection_options
@click.pass_context
def archive(
    ctx: click.Context,
    connect: Connect,
    sources: tuple[str, ...],
    output: str,
    format_name: str | None,
    retry_failed: bool,
    ray_address: str | None,
    readers: int | None,
    reader_cpus: float,
    concurrency: int | None,
    server_command: str,
    server_cpus: float,
    server_gpus: float | None,
    dpi: float | None,
    force: bool,
    **options: "Unpack[ReadOptions]",
) -> None:
    """Read all images of the SOURCEs into OUTPUT/pages, Parquet files with a row for each page, on Ray.

    A SOURCE is a file, a folder, or a place in an object store, s3://bucket/folder or gs://bucket/folder, with all that
    is below it; OUTPUT is a folder or such a place. All nodes must reach both. What is in OUTPUT already is skipped, so
    the same command continues an interrupted run. A page that cannot be read is a row with an error.

    Without --url (and OCR_URL), a server is started on each node, or as many as there are GPUs for.
    """
    try:
        from ocr_client.ray.archive import make_plan, read
        from ocr_client.ray.reading import Reading
        from ocr_client.ray.storage import place
    except ModuleNotFoundError as error:
        raise click.ClickException(NOT_INSTALLED) from error
    named = ctx.get_parameter_source("addresses") is not click.core.ParameterSource.DEFAULT
    try:
        target = place(output)
        places = [place(source) for source in sources]
        if named:
            _check(connect, options)
        plan = make_plan(places, target, retry_failed=retry_failed, writes_files=format_name is not None)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if not plan.waiting:
        click.echo(f"nothing to do: all {plan.skipped} files are in {target}", err=True)
        return
    with _cluster(ray_address), _servers(named, connect, server_command, server_cpus, server_gpus) as (ask, count):
        requests = concurrency or CONCURRENCY * (len(ctx.params["addresses"]) if named else count)
        readers = min(readers or _cpus(), requests)
        reading = Reading(
            connect=ask,
            output=target,
            format_name=format_name,
            concurrency=max(1, requests // readers),
            dpi=dpi,
            force=force,
            options=dict(options),
        )
        total = _total(read(plan, reading, readers=readers, cpus=reader_cpus), len(plan.waiting))
    _tell(total, plan.skipped, str(target))
    ctx.exit(1 if total.failed or total.problems else 0)


def _check(connect: Connect, options: "ReadOptions") -> None:
    """Read an image before anything else, so that a wrong address or option costs no run."""
    with connect(timeout_s=FIRST_ANSWER_S) as client:
        try:
            client.read(small_image(), **options)
        except OcrError as error:
            raise click.ClickException(str(error)) from error


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or have one for this command."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells every run's plan, and sets this when imported
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers of each run
    own = {} if address else {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address or "local", logging_level="ERROR", log_to_driver=False, **own)
    # Ray has no type for a node that is too slow to start.
    except Exception as error:
        raise click.ClickException(_no_ray(address, error)) from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        yield
    finally:
        ray.shutdown()


def _no_ray(address: str | None, error: Exception) -> str:
    if address:
        return f"no Ray cluster at {address}: start one with `ray start --head`, or leave out --ray"
    return f"Ray does not start here ({str(error).partition('.')[0].strip()}): try again when the machine is less busy"


@contextmanager
def _servers(named: bool, connect: Connect, command: str, cpus: float, gpus: float | None) -> Iterator[tuple[Any, int]]:
    """What makes a client of all servers, and how many were started."""
    if named:
        yield connect, 0
        return
    import ray

    from ocr_client.ray.node_servers import node_servers

    if gpus is None:
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
    try:
        with node_servers(command, cpus, gpus) as urls:
            click.echo(f"Servers: {', '.join(urls)}", err=True)
            yield partial(connect, addresses=parse_urls(urls)), len(urls)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


def _cpus() -> int:
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _total(tallies: "Iterable[Tally]", file_count: int) -> "Tally":
    """What became of all parts, with a bar meanwhile; ends early if a part says so."""
    from ocr_client.ray.reading import Tally

    total = Tally()
    with click.progressbar(
        length=file_count, label="Reading", file=sys.stderr, show_pos=True, hidden=not sys.stderr.isatty()
    ) as bar:
        try:
            for tally in tallies:
                total.add(tally)
                bar.update(tally.files)
                if total.stopped:
                    break
        except OSError as error:  # what is in the archive cannot be looked up
            total.stopped = str(error)
    return total


def _tell(total: "Tally", skipped: int, target: str) -> None:
    for problem in total.problems:
        click.echo(problem, err=True)
    if total.stopped:
        raise click.ClickException(
            f"{total.stopped}\n{skipped + total.files} files are in {target}: repeat the command to continue."
        )
    again = "; --retry-failed reads them again" if total.failed else ""
    click.echo(
        f"{total.pages} pages of {total.files} files are in {target}, {total.failed} with an error{again}", err=True
    )
