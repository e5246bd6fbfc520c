"""From a patch network's recipe to the network."""

from meshsight.models.kinds import PATCH_KINDS
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec


def build_patch_net(spec: PatchSpec) -> PatchNet:
    """Builds a patch network of any family, with fresh weights from torch's generator.

    Raises:
        MissingExtraError: the extra with torch is not installed.
    """
    return PATCH_KINDS.builder(spec.kind)(spec)
