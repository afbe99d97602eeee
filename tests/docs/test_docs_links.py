"""Every relative link leads to a file, and every anchor to a heading."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def test_links_lead_somewhere(reader: ModuleType, page: Path) -> None:
    broken = []
    for line, target in reader.links(page):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists():
            broken.append(f"line {line}: there is no {file}")
        elif anchor and (there.suffix != ".md" or anchor not in reader.anchors(there)):
            broken.append(f"line {line}: {file or page.name} has no heading #{anchor}")
    assert not broken, "\n".join(broken)


def test_every_page_of_docs_can_be_found(reader: ModuleType) -> None:
    """By links, from the index or from the README."""
    seen: set[Path] = set()
    left = [ROOT / "README.md", ROOT / "docs" / "README.md"]
    while left:
        page = left.pop()
        seen.add(page)
        for _, target in reader.links(page):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.is_file() and there not in seen:
                left.append(there)
    decisions = ROOT / "docs" / "decisions"  # read in their folder, by their numbers
    lost = {one for one in (ROOT / "docs").rglob("*.md") if one.parent != decisions} - seen
    assert not lost, f"No link leads to {', '.join(str(page) for page in sorted(lost))}"


def test_the_reader_sees_links_and_anchors(reader: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What `it` does: now!\n[a](b.md#c) `[no](link.md)` [two\nlines](d.md)\n"
        "```console\n# no heading\n$ echo [x](y.md)\n```\n## Twice\n## Twice\n"
    )
    assert reader.anchors(page) == {"what-it-does-now", "twice", "twice-1"}
    assert list(reader.links(page)) == [(2, "b.md#c"), (2, "d.md")]
