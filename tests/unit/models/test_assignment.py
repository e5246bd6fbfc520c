import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import box_iou

from meshsight.models.assignment import Assignment, assign_task_aligned
from meshsight.models.batch import PADDING, Targets
from meshsight.models.heads.aligned import AssignSpec
from meshsight.models.points import cell_centres

SIZE_HW = (64, 96)
NUM_CLASSES = 3
CELLS = cell_centres(SIZE_HW, (8, 16), torch.device("cpu"))
NUM_CELLS = len(CELLS[0])


def draw(seed: int, num_images: int = 2, num_targets: int = 4) -> tuple[Tensor, Tensor, Targets]:
    g = torch.Generator().manual_seed(seed)
    scores = torch.rand(num_images, NUM_CELLS, NUM_CLASSES, generator=g)
    sides = torch.rand(num_images, NUM_CELLS, 4, generator=g) * 30 + 2
    boxes = torch.cat([CELLS[0] - sides[..., :2], CELLS[0] + sides[..., 2:]], dim=-1)
    corner = torch.rand(num_images, num_targets, 2, generator=g) * 50
    truth = torch.cat([corner, corner + torch.rand(num_images, num_targets, 2, generator=g) * 40 + 1], dim=-1)
    class_ids = torch.randint(0, NUM_CLASSES, (num_images, num_targets), generator=g)
    is_ignored = torch.rand(num_images, num_targets, generator=g) < 0.2
    class_ids[-1, -1] = PADDING
    is_ignored[-1, -1] = False
    truth[-1, -1] = 0
    return scores, boxes, Targets(truth, class_ids, is_ignored)


def covers(box: Tensor, cell: int) -> bool:
    centre, stride = CELLS[0][cell], CELLS[1][cell]
    reach = torch.maximum((box[2:] - box[:2]) / 2, stride / 2)
    return bool(((centre - (box[:2] + box[2:]) / 2).abs() < reach).all())


def slow(scores: Tensor, boxes: Tensor, targets: Targets, spec: AssignSpec) -> list[dict[int, tuple[int, float]]]:
    """For each image the cells that learn, with the index of their target and their quality; one pair at a time."""
    found: list[dict[int, tuple[int, float]]] = []
    for b in range(len(scores)):
        claims: dict[int, list[int]] = {}
        fit: dict[tuple[int, int], float] = {}
        iou = box_iou(targets.boxes[b], boxes[b])
        for m in range(targets.boxes.shape[1]):
            if targets.class_ids[b, m] == PADDING or targets.is_ignored[b, m]:
                continue
            for n in range(NUM_CELLS):
                if covers(targets.boxes[b, m], n):
                    score = scores[b, n, targets.class_ids[b, m]].item()
                    fit[m, n] = score**spec.alpha * iou[m, n].item() ** spec.beta
            ranked = sorted((n for k, n in fit if k == m and fit[k, n] > 0), key=lambda n: -fit[m, n])
            for n in ranked[: spec.num_cells]:
                claims.setdefault(n, []).append(m)
        owner = {n: max(owners, key=lambda m: iou[m, n].item()) for n, owners in claims.items()}
        quality = {}
        for m in set(owner.values()):
            cells = [n for n in owner if owner[n] == m]
            scale = max(iou[m, n].item() for n in cells) / max(fit[m, n] for n in cells)
            quality |= {n: (m, fit[m, n] * scale) for n in cells}
        found.append(quality)
    return found


@given(seed=st.integers(0, 1000), num_cells=st.integers(1, 12))
def test_equals_the_slow_oracle(seed: int, num_cells: int) -> None:
    scores, boxes, targets = draw(seed)
    spec = AssignSpec(num_cells=num_cells, alpha=1.0, beta=2.0)
    found = assign_task_aligned(scores, boxes, CELLS, targets, spec)
    for b, expected in enumerate(slow(scores, boxes, targets, spec)):
        assert set(torch.nonzero(found.is_positive[b]).flatten().tolist()) == set(expected)
        for n, (m, quality) in expected.items():
            assert found.class_ids[b, n] == targets.class_ids[b, m]
            assert torch.equal(found.boxes[b, n], targets.boxes[b, m])
            assert abs(found.quality[b, n].item() - quality) < 1e-4
        assert bool((found.quality[b][~found.is_positive[b]] == 0).all())


@given(seed=st.integers(0, 1000))
def test_the_largest_target_of_an_object_is_its_best_iou(seed: int) -> None:
    scores, boxes, targets = draw(seed, num_images=1, num_targets=1)
    targets = targets._replace(
        class_ids=torch.zeros_like(targets.class_ids),
        is_ignored=torch.zeros_like(targets.is_ignored),
        boxes=torch.tensor([[[10.0, 12, 50, 48]]]),
    )
    found = assign_task_aligned(scores, boxes, CELLS, targets, AssignSpec())
    iou = box_iou(targets.boxes[0], boxes[0])[0]
    assert abs(found.quality.max().item() - iou[found.is_positive[0]].max().item()) < 1e-6


def one_target(box: list[float], is_ignored: bool = False) -> Assignment:
    scores, boxes, _ = draw(0, num_images=1)
    targets = Targets(torch.tensor([[box]]), torch.tensor([[1]]), torch.tensor([[is_ignored]]))
    return assign_task_aligned(scores, boxes, CELLS, targets, AssignSpec())


def test_an_object_smaller_than_a_cell_is_learnt_by_the_cells_around_it() -> None:
    found = one_target([20.5, 20.5, 21.5, 21.5])
    assert found.is_positive.sum().item() == 2  # one cell of each level
    assert bool((found.class_ids[found.is_positive] == 1).all())


def test_cells_in_an_ignored_region_are_neutral_and_no_others() -> None:
    found = one_target([16.0, 16.0, 48.0, 48.0], is_ignored=True)
    assert not bool(found.is_positive.any())
    inside = ((CELLS[0] > 16) & (CELLS[0] < 48)).all(dim=1)
    assert torch.equal(found.is_neutral[0], inside)


def test_padding_and_no_targets_assign_nothing() -> None:
    scores, boxes, _ = draw(0, num_images=1)
    for columns in (0, 2):
        padding = Targets(torch.zeros(1, columns, 4), torch.full((1, columns), PADDING), torch.zeros(1, columns).bool())
        found = assign_task_aligned(scores, boxes, CELLS, padding, AssignSpec())
        assert not bool(found.is_positive.any() | found.is_neutral.any()) and found.quality.sum().item() == 0
