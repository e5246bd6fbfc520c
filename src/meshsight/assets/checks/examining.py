"""Every check over one model."""

from collections.abc import Callable, Iterator
from itertools import chain

from meshsight.assets.checks.facing import check_normals, check_winding
from meshsight.assets.checks.finding import SEVERITIES, AssetFinding
from meshsight.assets.checks.model import Model
from meshsight.assets.checks.standing import check_origin, check_up_axis
from meshsight.assets.checks.textures import check_files, check_nodes, check_uv
from meshsight.assets.checks.topology import (
    check_budget,
    check_edges,
    check_faces,
    check_numbers,
    check_pieces,
    check_vertices,
)
from meshsight.assets.checks.units import check_unit

_CHECKS: tuple[Callable[[Model], Iterator[AssetFinding]], ...] = (
    check_numbers,
    check_files,
    check_uv,
    check_winding,
    check_normals,
    check_unit,
    check_up_axis,
    check_origin,
    check_nodes,
    check_faces,
    check_edges,
    check_vertices,
    check_pieces,
)


def examine_model(model: Model, max_faces: int | None = None) -> tuple[AssetFinding, ...]:
    """Returns everything that the file itself tells, errors first; symmetries need the finished mesh.

    Args:
        model: what to look at.
        max_faces: the budget of triangles; None for the usual one.
    """
    return by_severity(chain(*(check(model) for check in _CHECKS), check_budget(model, max_faces)))


def by_severity(findings: Iterator[AssetFinding]) -> tuple[AssetFinding, ...]:
    """Sorts findings: errors, warnings, infos, each in the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
