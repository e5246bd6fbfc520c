import torch

from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

SPEC = DecodeSpec(num_candidates=3, score_threshold=0.2)
BOXES = torch.tensor([[[0.0, 0, 10, 10], [-5, 2, 8, 40], [70, 5, 80, 9]]])


def test_the_best_pairs_come_first_clipped_to_the_input() -> None:
    scores = torch.tensor([[[0.1, 0.9], [0.8, 0.3], [0.0, 0.05]]])
    boxes, best, class_ids = best_candidates(BOXES, scores, SPEC, (32, 64))
    torch.testing.assert_close(best, torch.tensor([[0.9, 0.8, 0.3]]))
    assert class_ids.tolist() == [[1, 0, 1]]
    assert boxes.tolist() == [[[0, 0, 10, 10], [0, 2, 8, 32], [0, 2, 8, 32]]]


def test_weak_candidates_and_boxes_outside_score_zero() -> None:
    scores = torch.tensor([[[0.2, 0.0], [0.21, 0.0], [0.9, 0.0]]])
    _, best, _ = best_candidates(BOXES, scores, SPEC, (32, 64))
    torch.testing.assert_close(best, torch.tensor([[0.0, 0.21, 0.0]]))


def test_there_may_be_fewer_pairs_than_candidates() -> None:
    boxes, best, _ = best_candidates(BOXES, torch.rand(1, 3, 2), DecodeSpec(), (32, 64))
    assert best.shape == (1, 6) and boxes.shape == (1, 6, 4)
