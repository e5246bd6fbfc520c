"""The page of a sweep: the winner, what leads to it, what it costs, and every trial."""

import math
from collections.abc import Sequence

import meshsight
from meshsight.core.files import dump_json
from meshsight.plotting.page import Captioned, Cell, Code, Fact, Facts, Gallery, Page, Paragraph, Section, Table
from meshsight.plotting.sweep_plots import MOST_TICKS, Axis, plot_front, plot_importance, plot_parallel
from meshsight.search.history import Json
from meshsight.search.standing import front_of, importance
from meshsight.specs.sweep import RangeSpec, SweepSpec
from meshsight.workflows.sweeping.journal import Trial
from meshsight.workflows.sweeping.live_table import value_text

ALWAYS_SHOWN = ("num_parameters", "cpu_seconds")


def sweep_page(spec: SweepSpec, trials: Sequence[Trial], front: Sequence[int]) -> Page:
    """Composes the page.

    Args:
        spec: the sweep.
        trials: all of them.
        front: numbers of those that no other beats, the winner first.
    """
    done = [trial for trial in trials if trial.past.state == "done" and trial.past.values is not None]
    return Page(
        title="meshsight sweep",
        subtitle=f"{len(trials)} trials of {len(spec.parameters)} parameters, by {spec.sampler.kind}.",
        sections=(
            _winner_section(spec, trials, front),
            _parallel_section(spec, done, front),
            *_front_sections(spec, done, front),
            _importance_section(spec, trials),
            _table_section(spec, trials, front),
        ),
        footer=f"meshsight {meshsight.__version__}",
    )


def _winner_section(spec: SweepSpec, trials: Sequence[Trial], front: Sequence[int]) -> Section:
    winner = trials[front[0]]
    facts = [
        Fact(label=name, value=f"{winner.metrics[name]:.4g}", note=f"trial {winner.past.number}")
        for name in _figures(spec)
        if name in winner.metrics
    ]
    states = [trial.past.state for trial in trials]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("done", "pruned", "failed") if s in states)
    chosen = "\n".join(f"{name}: {value_text(value)}" for name, value in winner.past.params.items())
    return Section(
        title="The winner",
        blocks=(
            Facts(facts=tuple(facts)),
            Code(text=chosen),
            Paragraph(text=f"Trials: {counts}. Its recipe is winner.yaml, ready for `meshsight train`."),
        ),
    )


def _parallel_section(spec: SweepSpec, done: Sequence[Trial], front: Sequence[int]) -> Section:
    axes = [_parameter_axis(name, spec, done) for name in spec.parameters]
    for index, objective in enumerate(spec.objectives):
        axes.append(_number_axis(objective.metric, [(trial.past.values or ())[index] for trial in done], False))
    sign = spec.objectives[0].sign
    order = sorted(range(len(done)), key=lambda index: sign * done[index].past.first_value)
    ranks = [0.0] * len(done)
    for rank, index in enumerate(order):
        ranks[index] = rank / max(1, len(done) - 1)
    best = [index for index, trial in enumerate(done) if trial.past.number == front[0]]
    caption = "One line for each finished trial, the better the darker; the winner is green."
    figure = Captioned(content=plot_parallel(axes, ranks, best), caption=caption)
    return Section(title="What was tried", blocks=(Gallery(items=(figure,), min_width_px=520),))


def _parameter_axis(name: str, spec: SweepSpec, done: Sequence[Trial]) -> Axis:
    parameter = spec.parameters[name]
    values = [trial.past.params[name] for trial in done]
    short = name.rpartition(".")[2]
    if isinstance(parameter, RangeSpec):
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        return _number_axis(short, numbers, parameter.log)
    kinds = _kinds(values)
    place = {text: index / max(1, len(kinds) - 1) for index, text in enumerate(kinds)}
    ticks = [(place[dump_json(value)], value_text(value)) for value in values]
    return Axis(
        name=short,
        places=tuple(place[dump_json(value)] for value in values),
        ticks=tuple(dict.fromkeys(ticks)) if len(kinds) <= 4 * MOST_TICKS else (),
    )


def _kinds(values: Sequence[Json]) -> list[str]:
    """Returns each value once, as JSON: numbers by size, others by name."""
    is_number = all(isinstance(value, int | float) for value in values)
    ordered = sorted(values, key=lambda value: float(value) if is_number and isinstance(value, int | float) else 0)
    texts = dict.fromkeys(dump_json(value) for value in ordered)
    return list(texts) if is_number else sorted(texts)


def _number_axis(name: str, numbers: Sequence[float], is_log: bool) -> Axis:
    scaled = [math.log(number) if is_log else number for number in numbers]
    low, high = min(scaled), max(scaled)
    span = high - low or 1.0
    ends = ((0.0, value_text(float(min(numbers)))), (1.0, value_text(float(max(numbers)))))
    return Axis(name=name, places=tuple((number - low) / span for number in scaled), ticks=ends)


def _front_sections(spec: SweepSpec, done: Sequence[Trial], front: Sequence[int]) -> list[Section]:
    """What the first objective costs in each of the others; without others, in parameters."""
    others = [objective.metric for objective in spec.objectives[1:]]
    first = spec.objectives[0]
    known = [trial for trial in done if "num_parameters" in trial.metrics]
    if not others and len({trial.metrics["num_parameters"] for trial in known}) < 2:
        return []
    figures: list[Captioned] = []
    names = [str(trial.past.number) for trial in done]
    for other in others or ["num_parameters"]:
        points = [(trial.metrics[other], trial.metrics[first.metric]) for trial in done]
        on_line = _front_indices(spec, done, other)
        kept = _indices(done, front) if len(others) > 1 else []
        plot = plot_front(points, on_line, (other, first.metric), names, kept)
        figures.append(Captioned(content=plot, caption=f"{first.metric} over {other}; numbers are trials."))
    text = (
        "Trials on the line are not beaten by any other in these two figures: to gain in one is to lose in the other."
    )
    if len(others) > 1:
        text += " Circles beside it are trials that only a third figure saves."
    return [
        Section(title="What it costs", blocks=(Gallery(items=tuple(figures), min_width_px=420), Paragraph(text=text)))
    ]


def _front_indices(spec: SweepSpec, done: Sequence[Trial], other: str) -> list[int]:
    default = spec.objectives[0].model_copy(update={"metric": other, "goal": "minimize"})
    goals = (spec.objectives[0], next((one for one in spec.objectives[1:] if one.metric == other), default))
    past = [
        type(trial.past)(
            number=index,
            params={},
            state="done",
            values=(trial.past.first_value, trial.metrics[other]),
        )
        for index, trial in enumerate(done)
    ]
    return list(front_of(past, goals))


def _indices(done: Sequence[Trial], numbers: Sequence[int]) -> list[int]:
    return [index for index, trial in enumerate(done) if trial.past.number in numbers]


def _importance_section(spec: SweepSpec, trials: Sequence[Trial]) -> Section:
    shares = importance([trial.past for trial in trials], list(spec.parameters))
    ordered = sorted(((name.rpartition(".")[2], share) for name, share in shares.items()), key=lambda pair: -pair[1])
    caption = f"Of the variance of {spec.objectives[0].metric}; what parameters do only together is in nobody's share."
    return Section(
        title="What mattered",
        blocks=(Gallery(items=(Captioned(content=plot_importance(ordered), caption=caption),), min_width_px=420),),
    )


def _table_section(spec: SweepSpec, trials: Sequence[Trial], front: Sequence[int]) -> Section:
    names = [name for name in _figures(spec) if any(name in trial.metrics for trial in trials)]
    columns = ("trial", "state", *names, *(name.rpartition(".")[2] for name in spec.parameters))
    sign = spec.objectives[0].sign
    ordered = sorted(trials, key=lambda t: (t.past.values is None, -sign * t.past.first_value))
    rows: list[tuple[Cell, ...]] = [
        (
            trial.past.number,
            ": ".join(filter(None, (trial.past.state, trial.reason))) + (", not beaten" * (trial.past.number in front)),
            *(_cell(trial.metrics.get(name)) for name in names),
            *(value_text(value) for value in trial.past.params.values()),
        )
        for trial in ordered
    ]
    return Section(title="All trials", blocks=(Table(columns=columns, rows=tuple(rows)),))


def _cell(value: float | None) -> Cell:
    return int(value) if value is not None and float(value).is_integer() else value


def _figures(spec: SweepSpec) -> list[str]:
    return list(dict.fromkeys([*(objective.metric for objective in spec.objectives), *ALWAYS_SHOWN]))
