import torch

from meshsight.models.points import cell_centres, level_sizes


def test_cells_at_the_edge_count_whole() -> None:
    assert level_sizes((96, 128), (32, 64, 128)) == [(3, 4), (2, 2), (1, 1)]


def test_centres_run_level_by_level_row_by_row() -> None:
    centres, strides = cell_centres((16, 32), (8, 16), torch.device("cpu"))
    fine = [(4, 4), (12, 4), (20, 4), (28, 4), (4, 12), (12, 12), (20, 12), (28, 12)]
    assert [tuple(c) for c in centres.tolist()] == [*fine, (8, 8), (24, 8)]
    assert strides.tolist() == [8] * 8 + [16] * 2
