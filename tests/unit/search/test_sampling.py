"""What sweeps try next: one battery over every sampler and pruner, and the spec's own rules."""

from importlib.util import find_spec

import pytest

from meshsight.core.errors import CallError, SpecError
from meshsight.search.history import Past
from meshsight.search.proposing import open_pruner, open_sampler
from meshsight.search.space import choices_of, settings_of
from meshsight.search.standing import front_of, importance
from meshsight.specs.base import parse_spec
from meshsight.specs.sweep import SAMPLER_KINDS, ObjectiveSpec, RangeSpec, SweepSpec

PARAMETERS = {
    "train.net.dense": [[16], [32], [64]],
    "train.epochs": {"low": 1, "high": 9, "step": 2},
    "train.optimiser.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "augment": {"bundles": {"on": {"train.a": 1}, "off": {"train.a": None, "train.b": 0}}},
}
NEEDS_OPTUNA = pytest.mark.skipif(find_spec("optuna") is None, reason="needs Optuna: pip install 'meshsight[sweep]'")
SAMPLERS = [
    pytest.param(kind, marks=() if kind in ("grid", "random") else NEEDS_OPTUNA) for kind in SAMPLER_KINDS.names
]


def sweep(**changes: object) -> SweepSpec:
    return parse_spec(SweepSpec, {"train": "x.yaml", "data": ["d"], "parameters": PARAMETERS, **changes}, "sweep.yaml")


def is_within(params: object) -> bool:
    assert isinstance(params, dict)
    return (
        params["train.net.dense"] in [[16], [32], [64]]
        and params["train.epochs"] in (1, 3, 5, 7, 9)
        and isinstance(params["train.epochs"], int)
        and 1e-4 <= params.get("train.optimiser.learning_rate", 1e-3) <= 1e-1
        and params["augment"] in ("on", "off")
    )


@pytest.mark.parametrize("kind", SAMPLERS)
def test_every_sampler_keeps_within_bounds_and_repeats_itself(kind: str) -> None:
    countable = {name: value for name, value in PARAMETERS.items() if "rate" not in name}
    spec = sweep(sampler=kind, parameters=countable if kind == "grid" else PARAMETERS)
    first, second = open_sampler(spec), open_sampler(spec)
    past: list[Past] = []
    for number in range(25):
        proposal = first.propose(number, past)
        assert is_within(dict(proposal.params))
        assert proposal == second.propose(number, past)
        values = (float(str(proposal.params["train.epochs"])),)
        state = ("done", "failed", "running")[number % 3] if number % 5 == 4 else "done"
        past.append(
            Past(
                number=number,
                params=proposal.params,
                state=state,
                values=values if state == "done" else None,
                notes=proposal.notes,
            )
        )


@pytest.mark.parametrize("kind", [kind for kind in SAMPLERS if kind.values[0] not in ("grid", "random")])
def test_samplers_of_optuna_learn(kind: str) -> None:
    """The best region is tried more often in the end than at the start, though nothing but the past is handed on."""
    options = {"kind": kind, **({"population": 8} if kind == "nsga2" else {})}
    spec = sweep(sampler=options, parameters={"train.x": {"low": 0.0, "high": 1.0}, "train.y": ["a", "b", "c", "d"]})
    sampler = open_sampler(spec)
    past: list[Past] = []
    for number in range(64):
        proposal = sampler.propose(number, past)
        x, y = proposal.params["train.x"], proposal.params["train.y"]
        value = -((float(str(x)) - 0.8) ** 2) - (0.3 if y != "c" else 0.0)
        past.append(Past(number=number, params=proposal.params, state="done", values=(value,), notes=proposal.notes))
    mean_of = [sum((one.values or (0,))[0] for one in part) / 16 for part in (past[:16], past[-16:])]
    assert mean_of[1] > mean_of[0] / 2


def test_a_grid_is_every_combination_once() -> None:
    spec = sweep(parameters={name: value for name, value in PARAMETERS.items() if "rate" not in name})
    sampler = open_sampler(spec)
    assert sampler.num_trials == 3 * 5 * 2
    tried = [str(sampler.propose(number, ()).params) for number in range(30)]
    assert len(set(tried)) == 30
    with pytest.raises(CallError, match=r"train\.optimiser\.learning_rate: a grid needs a list of values"):
        open_sampler(sweep())


def test_integers_over_orders_of_magnitude_are_all_met() -> None:
    spec = sweep(sampler="random", parameters={"train.n": {"low": 1, "high": 8, "log": True}})
    tried = [open_sampler(spec).propose(number, ()).params["train.n"] for number in range(400)]
    assert set(tried) == set(range(1, 9)) and tried.count(1) > 2 * tried.count(8) > 0


def test_bundles_set_several_fields() -> None:
    spec = sweep(sampler="random")
    assert settings_of(spec, {"augment": "off", "train.epochs": 3}, "train") == {"a": None, "b": 0, "epochs": 3}
    assert settings_of(spec, {"augment": "off"}, "scene") == {}
    assert choices_of(RangeSpec(low=0.0, high=1.0, step=0.1)) == pytest.approx([0.1 * k for k in range(11)])


@NEEDS_OPTUNA
@pytest.mark.parametrize(
    "pruner", [{"kind": "median", "startup": 2}, {"kind": "hyperband", "max_steps": 9, "reduction": 3}]
)
def test_bad_trials_end_early(pruner: dict[str, object]) -> None:
    """Twenty trials report side by side; what is bad from the start ends before what is good, notes handed on."""
    spec = sweep(sampler="random", pruner=pruner)
    judge, sampler = open_pruner(spec), open_sampler(spec)
    assert judge is not None
    past = [Past(number=number, params=sampler.propose(number, ()).params) for number in range(20)]
    ended: dict[int, int] = {}
    for number in range(20):
        for step in range(1, 10):
            one = past[number]
            one = past[number] = Past(
                number=number,
                params=one.params,
                reports={**one.reports, step: number % 10 + step / 100},
                notes=one.notes,
            )
            verdict = judge.judge(number, past)
            past[number] = Past(number=number, params=one.params, reports=one.reports, notes=verdict.notes)
            if verdict.is_over:
                ended[number] = step
                break
        state = "pruned" if number in ended else "done"
        last = past[number]
        past[number] = Past(
            number=number,
            params=last.params,
            reports=last.reports,
            notes=last.notes,
            state=state,
            values=(number % 10 + 0.09,) if state == "done" else None,
        )
    assert 3 <= len(ended) <= 17
    mean_ended = sum(number % 10 for number in ended) / len(ended)
    mean_kept = sum(number % 10 for number in range(20) if number not in ended) / (20 - len(ended))
    assert mean_ended + 1 < mean_kept


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameters": {"lr": [1]}}, r"parameters\.lr: expected train\.FIELD or scene\.FIELD"),
        ({"parameters": {"scene.count": [1]}}, "there is no recipe of scenes"),
        ({"parameters": {"train.x": {"low": 2, "high": 1}}}, "expected low < high"),
        ({"parameters": {"train.x": {"low": 0.0, "high": 1.0, "log": True}}}, "log: needs low above 0"),
        ({"parameters": {"train.x": []}}, "at least 1 item"),
        ({"data": []}, "name a data set to learn from"),
        ({"sampler": "grit"}, "did you mean 'grid'"),
        ({"pruner": "median", "objectives": ["ap", "loss"]}, "pruner: needs one objective"),
        ({"trails": 3}, "did you mean 'trials'"),
    ],
)
def test_a_wrong_sweep_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        sweep(**changes)


def test_goals_are_the_usual_ones() -> None:
    assert [goal.goal for goal in sweep(objectives=["ap50", "num_parameters"]).objectives] == ["maximize", "minimize"]
    assert sweep(objectives=[{"metric": "loss", "goal": "maximize"}]).objectives[0].sign == 1


def test_the_front_and_what_mattered() -> None:
    goals = (ObjectiveSpec(metric="ap", goal="maximize"), ObjectiveSpec(metric="num_parameters", goal="minimize"))
    figures = [(0.5, 10.0), (0.9, 50.0), (0.4, 20.0), (0.9, 60.0), (0.7, 10.0)]
    past = [
        Past(number=number, params={"train.x": number, "train.y": number % 2}, state="done", values=values)
        for number, values in enumerate(figures)
    ]
    assert front_of(past, goals) == (1, 4)
    assert front_of([Past(number=0, params={})], goals) == ()
    many = [
        Past(number=n, params={"a": n % 4, "b": n % 3, "c": n / 7}, state="done", values=(float(n % 4),))
        for n in range(48)
    ]
    found = importance(many, ["a", "b", "c"])
    assert found["a"] == pytest.approx(1.0) and found["b"] < 0.05 and found["c"] < 0.1
