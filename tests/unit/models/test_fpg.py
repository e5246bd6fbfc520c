import torch

from meshsight.models.necks import fpg
from meshsight.models.necks._fpg import Node, build
from meshsight.models.parts import FeatureSpec


def test_the_grid_has_35_nodes_and_10_places_that_it_passes_by() -> None:
    """Nine pathways of five levels, of which the finest begins four pathways late, the next three, and so on."""
    inputs = tuple(FeatureSpec(256 << i, 4 << i) for i in range(4))
    with torch.device("meta"):
        neck = build(fpg.Spec(), inputs)
    nodes = [part for part in neck.modules() if isinstance(part, Node)]
    assert len(nodes) == 9 * 5 - (4 + 3 + 2 + 1 + 0) == 35
    assert 9 * 5 - len(nodes) == 10
