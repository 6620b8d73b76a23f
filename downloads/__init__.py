"""Files that this project does not carry: fetched once from package registries or addresses, checked by SHA-256.

Whole packages come into environments of their own.
"""

from downloads.environment import Environment, run
from downloads.errors import DownloadError
from downloads.fetch import cache_directory, fetch, fetch_wheel, identify
from downloads.source import Source, read_sources

__all__ = [
    "DownloadError",
    "Environment",
    "Source",
    "cache_directory",
    "fetch",
    "fetch_wheel",
    "identify",
    "read_sources",
    "run",
]
