"""A hook of mkdocs: the pages that lie outside of docs/, and links as GitHub has them."""

import re
from pathlib import Path
from posixpath import normpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# Name in the site → the file that becomes a page of it.
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
LINK = re.compile(r"\[([^][]*)\]\(([^)#:]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them."""
    for name, source in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs'
    """Turn links into those of the site; what is no page of it is named without a link."""
    folder = "." if page.file.src_uri in PAGES else "docs"
    names = {source: name for name, source in PAGES.items()}

    def turned(match: re.Match[str]) -> str:
        path = normpath(f"{folder}/{match[2]}")
        name = names.get(path) or path.removeprefix("docs/")
        is_there = path in names or (path.startswith("docs/") and files.get_file_from_path(name) is not None)
        if not is_there and (ROOT / path).exists():
            return f"{match[1]} (`{path}`)"
        return f"[{match[1]}]({name}{match[3] or ''})"

    return LINK.sub(turned, markdown)
