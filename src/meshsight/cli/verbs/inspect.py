"""`meshsight inspect`: the doctor and the report card of a data set."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.cli.writing import written_text

EXAMPLES = examples(
    "meshsight inspect data/train",
    "meshsight inspect photos_voc --html card.html --against real_photos",
    "meshsight inspect photos_voc --fix photos_mended",
    "meshsight inspect labels.json --from coco --quick --json",
)


@click.command(short_help="What is wrong with a data set, and what is in it.", epilog=EXAMPLES)
@click.argument("source", metavar="DIR")
@click.option("--html", type=PATH, metavar="FILE", help="Write the report card, a page for a browser.")
@click.option("--against", type=PATH, metavar="REAL", help="Compare with real photographs, labelled or not.")
@click.option("--fix", type=PATH, metavar="OUT", help="Write a copy with everything mended that has one right repair.")
@click.option("--quick", "is_quick", is_flag=True, help="Read only the headers of images: find no damage, no repeats.")
@click.option("--from", "kind", metavar="KIND", help="Format of DIR.  [default: guessed]")
@verb_command
def inspect(
    source: str, html: Path | None, against: Path | None, fix: Path | None, is_quick: bool, kind: str | None
) -> Outcome:
    """Looks for everything that is wrong with a data set of any format: labels, classes, images, splits, repeats.

    Ends with 1 when there are errors; warnings are allowed. With --fix, what counts is the repaired copy.
    """
    looking = workflow("inspect_pass", "Looking")(kind=kind, is_quick=is_quick, progress=is_talkative())
    found = workflow("inspect", "inspect")(source, html=html, against=against, fix=fix, looking=looking)
    return Outcome(data=_data(found), text=_text(found, html), exit_code=0 if found.is_good else 1)


def _data(found: Any) -> dict[str, object]:
    return {
        "source": found.source,
        "kind": found.kind,
        "splits": found.splits,
        "num_images": found.num_images,
        "num_objects": found.num_objects,
        "is_good": found.is_good,
        "findings": [_plain(finding) for finding in found.findings],
        "comparison": found.comparison,
        "fixed": None
        if found.fixed is None
        else {
            "folder": found.fixed.written.folder,
            "kind": found.fixed.kind,
            "repairs": found.fixed.repairs,
            "dropped": found.fixed.written.dropped,
            "notes": found.fixed.written.notes,
            "left": [_plain(finding) for finding in found.fixed.left],
        },
        "seconds": found.seconds,
    }


def _plain(finding: Any) -> dict[str, object]:
    cases = [
        {"split": case.split or None, "image": case.image, "object": case.object, "detail": case.detail}
        for case in finding.cases
    ]
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "advice": finding.advice,
        "count": finding.count,
        "cases": cases,
    }


def _text(found: Any, html: Path | None) -> str:
    lines = [line for finding in found.findings for line in _finding(finding)]
    lines.append(_verdict(f"{found.source} ({found.kind})", found.findings, found.num_images, found.num_objects))
    if found.comparison is not None:
        lines += _comparison(found.comparison)
    if html is not None:
        lines.append(f"report card: {html}")
    if found.fixed is not None:
        lines += _fixed(found.fixed)
    return "\n".join(lines)


def _finding(finding: Any) -> list[str]:
    head = f"{finding.severity}  {finding.code}: {finding.message} ({finding.count:,})"
    cases = [f"    {case.place}: {case.detail}" if case.place else f"    {case.detail}" for case in finding.cases]
    rest = finding.count - len(finding.cases)
    more = [f"    and {rest:,} more"] if rest else []
    return [head, *cases, *more, f"    -> {finding.advice}"]


def _verdict(name: str, findings: Any, num_images: int, num_objects: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    state = f"{_kinds(errors, 'error')}, {_kinds(len(findings) - errors, 'warning')}"
    return f"{name}: {num_images:,} images, {num_objects:,} objects, {state}"


def _kinds(count: int, word: str) -> str:
    return f"{count} {'kind' if count == 1 else 'kinds'} of {word}s" if count else f"no {word}s"


def _comparison(comparison: Any) -> list[str]:
    clear = [one.sentence for one in comparison.attributes if one.is_clear]
    head = f"against {comparison.real} ({comparison.num_real:,} images): {len(clear)} attributes differ"
    return [f"{head}, the most first" if clear else head, *(f"    {sentence}" for sentence in clear)]


def _fixed(fixed: Any) -> list[str]:
    parts = fixed.written.parts
    lines = [f"repaired: {repair} ({count:,})" for repair, count in fixed.repairs.items()]
    left = [f"left: {one.severity} {one.code}: {one.message} ({one.count:,})" for one in fixed.left]
    num_images, num_objects = (sum(getattr(part, name) for part in parts) for name in ("num_images", "num_objects"))
    return [
        *lines,
        *left,
        written_text(fixed.written),
        _verdict(str(fixed.written.folder), fixed.left, num_images, num_objects),
    ]
