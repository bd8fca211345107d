"""Put the site's pages together: `python docs/assemble.py FOLDER`.

FOLDER/pages gets every page that mkdocs.yml names, FOLDER/package the sources as an installation lays them
out, from which the API pages are read. Nothing is imported, so neither torch nor the package is needed.
"""

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent

PLACES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "baselines/report.md": "report.md",
    "baselines/figures": "figures",
    "docs": "",
}
"""Where a file or a folder of the repository stands on the site."""

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def place(source: Path) -> Path | None:
    """Where a file of the repository stands on the site; None for one that does not."""
    for name, target in PLACES.items():
        if source == ROOT / name or (ROOT / name) in source.parents:
            return Path(target) / source.relative_to(ROOT / name)
    return None


def page(source: Path) -> str:
    """The text of a page with its links as the site has them; links to the code are plain text."""

    def link(found: re.Match[str]) -> str:
        mark, text, target = found.groups()
        path, hash_mark, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return found[0]
        there, here = place((source.parent / path).resolve()), place(source)
        if there is None or here is None:
            return text
        return f"{mark}[{text}]({os.path.relpath(there, here.parent)}{hash_mark}{anchor})"

    return LINK.sub(link, source.read_text(encoding="utf-8"))


def assemble_pages(folder: Path) -> None:
    """Write the pages and their pictures to an empty folder."""
    for name in PLACES:
        start = ROOT / name
        for source in sorted(start.rglob("*")) if start.is_dir() else [start]:
            target = folder / (place(source) or "")
            if source.suffix in (".md", ".svg"):
                target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".md":
                target.write_text(page(source), encoding="utf-8")
            elif source.suffix == ".svg":
                shutil.copyfile(source, target)


def assemble_package(folder: Path) -> None:
    """Copy the sources to where an installation has them."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for package, origin in setup["package-dir"].items():
        for source in (ROOT / origin).rglob("*.py"):
            target = folder.joinpath(*package.split("."), source.relative_to(ROOT / origin))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


if __name__ == "__main__":
    build = Path(sys.argv[1])
    for part, assemble in (("pages", assemble_pages), ("package", assemble_package)):
        shutil.rmtree(build / part, ignore_errors=True)
        assemble(build / part)
