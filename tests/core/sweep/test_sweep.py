"""Sweeps and maps: lists of cells, whose rows are the same wherever and beside whom they train."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from math import isnan, sqrt

import numpy as np
import pytest

from core.runs.training import RunSpec, train
from core.sweep import __main__ as command
from core.sweep.engine import computed, task
from core.sweep.filling import Filling, Shelf, excess
from core.sweep.grid import (
    NUMERIC,
    QUANTITIES,
    RANGES,
    STATISTICS,
    TOGETHER,
    Map,
    Sweep,
    Sweeping,
    run_of,
    stacks,
    text_of,
    values_between,
)
from core.sweep.presets import LANES, NORMALIZED, PRESETS, side_by_side, variants
from core.sweep.results import Results, line_of, read_line
from core.sweep.rows import CURVE, Row, Stack, trained

SMALL = RunSpec(samples=40, epochs=3, depth=2, width=4)
TWO = (SMALL, replace(SMALL, norm="batch"))
GAINS = Sweep(TWO, "gain", (0.1, 1.0, 3.0), seeds=2)


def same(one, other):
    """Whether two rows are equal bit for bit; NaN equals itself."""
    return json.dumps(one.to_json()) == json.dumps(other.to_json())


# --- cells -------------------------------------------------------------------------------------


def test_a_sweep_has_every_lane_at_every_value_with_every_seed_once():
    assert len(GAINS.cells) == len(set(GAINS.cells)) == 2 * 3 * 2
    assert {(c.norm, c.gain, c.seed) for c in GAINS.cells} == {
        (norm, gain, seed)
        for norm in ("none", "batch")
        for gain in (0.1, 1.0, 3.0)
        for seed in (0, 1)
    }
    assert all(GAINS.cell(*place) == cell for cell, place in GAINS.places.items())


def test_a_cell_is_one_run_without_replicas():
    sweep = Sweep((replace(SMALL, replicas=5),), "rate", (0.1,))
    assert [cell.replicas for cell in sweep.cells] == [1]


def test_seeds_begin_again_after_the_last():
    last = Sweep((replace(SMALL, seed=9999),), "rate", (0.1,), seeds=2)
    assert [cell.seed for cell in last.cells] == [9999, 0]


@pytest.mark.parametrize("name", NUMERIC)
def test_every_numeric_setting_can_be_swept_over_its_whole_domain(name):
    domain = NUMERIC[name]
    values = values_between(name, domain.low, domain.high, 7)
    assert 2 <= len(values) <= 7
    assert all(Sweep((SMALL,), name, values).cell(0, value) for value in values)


def test_every_numeric_setting_has_a_range_within_its_domain():
    assert set(RANGES) == set(NUMERIC)
    for name, (low, high) in RANGES.items():
        values = values_between(name, low, high, 5)
        assert (values[0], values[-1]) == (low, high)


def test_lanes_that_differ_only_in_what_varies_are_one():
    lanes = (SMALL, replace(SMALL, rate=1.0), replace(SMALL, rate=1.0, norm="batch"))
    grid = Sweeping(sweep_x="rate", sweep_points=5, sweep_seeds=1).grid(lanes)
    assert [run.norm for run in grid.lanes] == ["none", "batch"]
    assert {lane for lane, _, _ in grid.places.values()} == {0, 1}
    assert len(Sweeping(sweep_x="gain").grid(lanes).lanes) == 3


def test_a_setting_without_numbers_is_refused():
    with pytest.raises(ValueError, match="activation"):
        Sweep((SMALL,), "activation", (1.0,))


def test_weights_are_equal_factors_apart_and_skips_equal_steps():
    assert values_between("gain", 1e-4, 1, 5) == (0.0001, 0.001, 0.01, 0.1, 1.0)
    assert values_between("skip", 1, 0, 5) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert values_between("depth", 1, 3, 9) == (1, 2, 3)


def test_a_map_scales_weights_by_the_root_of_their_variance_over_the_fan_in():
    grid = Map(SMALL, (2, 5), (0.25, 4.0))
    assert [(c.depth, c.gain) for c in grid.cells] == [(2, 0.5), (2, 2.0), (5, 0.5), (5, 2.0)]
    assert {c.initializer for c in grid.cells} == {"lecun"}
    assert grid.places[grid.cell(5, 4.0)] == (5, 4.0)


def test_the_map_that_is_offered_has_twenty_by_twenty_cells():
    spec, lanes = PRESETS["map"]
    grid = spec.grid(lanes)
    assert (len(grid.depths), len(grid.variances), len(grid.cells)) == (20, 20, 400)
    assert max(abs(c.gain - sqrt(grid.places[c][1])) for c in grid.cells) < 0.005


@pytest.mark.parametrize("run", [RunSpec(), SMALL, RunSpec(knobs=(("elu.a", 0.5),), gain=1e-4)])
def test_the_canonical_text_of_a_run_is_read_back(run):
    assert run_of(text_of(run)) == run


@pytest.mark.parametrize("text", ["depth=99", "nonsense=1", "width=8", "x", "rate=1&depth=2"])
def test_a_text_that_is_not_canonical_names_no_run(text):
    with pytest.raises(ValueError, match="no run"):
        run_of(text)


def test_every_sweep_that_is_offered_is_within_the_budget():
    for spec, lanes in PRESETS.values():
        assert excess(spec.grid(lanes)) < 1
    huge = replace(SMALL, samples=5000, epochs=10_000)
    assert excess(Sweep((huge,), "rate", values_between("rate", 0.01, 1, 20), 5)) > 1
    assert excess(Sweep((replace(huge, width=256, depth=50),), "rate", (0.1,))) == float("inf")


def test_what_is_compared_is_recognized_by_its_networks():
    assert variants(NORMALIZED) == "lanes_norm"
    assert all(variants(side_by_side(SMALL, key)) == key for key in LANES)
    assert variants((SMALL, replace(SMALL, rate=1.0))) is None


# --- rows --------------------------------------------------------------------------------------


def test_stacks_hold_every_cell_once_and_differ_only_in_their_start():
    many = Sweep(TWO, "gain", values_between("gain", 1e-4, 1, 15), seeds=2)
    groups = list(stacks((*many.cells, *many.cells)))
    assert sorted(map(text_of, sum(groups, ()))) == sorted(map(text_of, many.cells))
    assert max(map(len, groups)) == TOGETHER
    assert all(len({(run.norm, run.depth) for run in group}) == 1 for group in groups)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("more", [{}, {"optimizer": "adam"}, {"amplify": True, "warmup": 1}])
def test_a_row_is_the_same_bit_for_bit_alone_and_in_a_stack(norm, more):
    base = replace(SMALL, norm=norm, **more)
    runs = [replace(base, gain=gain, seed=seed) for gain in (0.5, 20.0) for seed in (3, 8)]
    runs.append(replace(base, initializer="he"))
    for run, row in zip(runs, trained(runs), strict=True):
        assert same(trained([run])[0], row)


def test_a_row_is_what_the_training_page_measures_at_the_last_epoch():
    *_, last = train(SMALL)
    row = trained([SMALL])[0]
    assert row.value("accuracy") == last.train_accuracy[0]
    assert row.value("test_loss") == last.test_loss[0]
    assert row.value("share") == last.delta[0, 0] / last.delta[0, -1]
    assert row.layers["relative_update"] == tuple(last.relative_update[0])
    assert row.value("dead", 2) == last.dead[0, 1]
    assert isnan(row.value("dead", 99))


def test_a_learning_curve_leads_from_the_untrained_network_to_the_last_epoch():
    run = replace(SMALL, epochs=30)
    row, every = trained([run])[0], list(train(run))
    assert (row.epochs[0], row.epochs[-1], len(row.epochs)) == (0, 30, CURVE)
    assert row.losses == tuple(every[epoch].train_loss[0] for epoch in row.epochs)
    assert row.accuracies[-1] == row.value("accuracy")


def test_a_network_that_diverges_leaves_those_beside_it_alone():
    wild = replace(SMALL, activation="identity", initializer="normal", depth=30, rate=1000.0)
    tame, broken = replace(wild, gain=0.0), replace(wild, gain=20.0)
    rows = trained([tame, broken])
    assert [row.diverged for row in rows] == [False, True]
    assert isnan(rows[1].value("loss"))
    assert len(rows[1].epochs) == len(rows[1].losses)
    assert same(rows[1], trained([broken])[0])
    assert same(rows[0], trained([tame])[0])


def test_a_row_has_every_quantity_and_statistic():
    row = trained([SMALL])[0]
    assert set(row.quantities) == set(QUANTITIES)
    assert set(row.layers) == set(STATISTICS)


# --- the results file --------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.jsonl"


def filled(path, cells=GAINS.cells):
    """The file with a row for each of these cells."""
    results = Results(path)
    list(results.add((cell, *trained([cell])) for cell in cells))
    return results


def test_what_is_written_is_read_back_bit_for_bit(path):
    written = filled(path).rows
    read = Results(path).rows
    assert list(read) == list(written) == list(GAINS.cells)
    assert all(same(read[cell], written[cell]) for cell in read)


def test_a_torn_last_line_is_computed_again_and_what_follows_is_a_line(path):
    filled(path)
    path.write_bytes(path.read_bytes()[:-30])
    torn = Results(path)
    assert (len(torn.rows), torn.damaged) == (len(GAINS.cells) - 1, 1)
    filled(path)
    assert set(Results(path).rows) == set(GAINS.cells)


def test_a_last_line_that_lacks_its_line_feed_alone_is_kept(path):
    filled(path)
    path.write_bytes(path.read_bytes()[:-1])
    filled(path, [SMALL])
    assert set(Results(path).rows) == {*GAINS.cells, SMALL}


@pytest.mark.parametrize("place", [1, 3, 20, 90, -20, -5])
def test_a_damaged_row_counts_for_nothing(path, place):
    filled(path)
    first, *rest = path.read_bytes().split(b"\n")
    spoilt = bytearray(first)
    spoilt[place] ^= 1
    path.write_bytes(b"\n".join([bytes(spoilt), *rest]))
    found = Results(path)
    assert set(found.rows) == set(GAINS.cells[1:])
    assert found.damaged == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"7", b"[]", b"{}", b"[1,2,3,4]", b"\xff", b"[" * 100_000, b"null", b'[1,"",{},"0"]'],
)
def test_what_is_no_row_is_refused_as_such(line):
    with pytest.raises(ValueError, match="no row"):
        read_line(line)


def test_a_row_of_another_cell_is_no_row_of_this_one(path):
    line = line_of(SMALL, trained([SMALL])[0])
    with pytest.raises(ValueError, match="no row"):
        read_line(line.replace(b"depth=2", b"depth=3"))


def test_a_cell_that_comes_twice_is_written_once(path):
    filled(path, [SMALL, SMALL])
    filled(path, [SMALL])
    assert len(path.read_bytes().splitlines()) == 1


def test_a_cell_that_is_written_twice_counts_once(path):
    filled(path)
    path.write_bytes(path.read_bytes() * 2)
    found = Results(path)
    assert (len(found.rows), found.damaged) == (len(GAINS.cells), 0)


# --- the executor ------------------------------------------------------------------------------


def test_an_executor_brings_every_row_once_the_same_as_alone():
    with ThreadPoolExecutor(2) as executor:
        found = list(computed(GAINS.cells, executor))
    assert sorted(text_of(cell) for cell, _ in found) == sorted(map(text_of, GAINS.cells))
    assert all(same(row, trained([cell])[0]) for cell, row in found)


def test_what_there_is_is_not_computed_again():
    known = GAINS.cells[:4]
    with ThreadPoolExecutor(1) as executor:
        found = [cell for cell, _ in computed(GAINS.cells, executor, but=known)]
    assert set(found) == set(GAINS.cells[4:])


class Later(Executor):
    """Runs the first task at once and never the others."""

    def __init__(self):
        self.futures = []

    def submit(self, function, *arguments):
        future = Future()
        if not self.futures:
            future.set_result(function(*arguments))
        self.futures.append(future)
        return future


def test_whoever_stops_looking_cancels_what_has_not_begun_and_keeps_what_there_is(path):
    executor, results = Later(), Results(path)
    rows = results.add(computed(GAINS.cells, executor))
    first = [next(rows)[0] for _ in range(2)]
    rows.close()
    assert [future.cancelled() for future in executor.futures] == [False, True]
    assert list(Results(path).rows) == first


def test_a_task_takes_and_gives_what_json_can_write():
    rows = task([text_of(SMALL)])
    assert same(Row.from_json(json.loads(json.dumps(rows))[0]), trained([SMALL])[0])


# --- the command -------------------------------------------------------------------------------

LINK = "lanes=2&2.norm=batch&epochs=2&samples=40&depth=2&sweep_points=3&sweep_seeds=2"


@pytest.fixture
def here(monkeypatch):
    """The command computes in threads of this process."""
    made = []

    def pool(*_):
        made.append(ThreadPoolExecutor(1))
        return made[-1]

    monkeypatch.setattr(command, "ProcessPoolExecutor", pool)
    return made


def test_the_command_fills_a_file_and_goes_on_where_it_stopped(path, here, capsys):
    assert command.main([f"https://example.org/sweep?{LINK}&v=1", str(path)]) == 0
    whole = path.read_bytes()
    assert len(Results(path).rows) == 12
    path.write_bytes(whole[: len(whole) // 2])
    assert command.main([LINK, str(path)]) == 0
    assert set(Results(path).rows) == set(command.grid_of(LINK).cells)
    assert command.main([LINK, str(path)]) == 0
    assert len(here) == 2  # the third time nothing was left to compute
    assert "1 lines of" in capsys.readouterr().err


def test_the_command_reads_a_link_of_the_page_as_the_page_does():
    grid = command.grid_of(LINK)
    assert [run.norm for run in grid.lanes] == ["none", "batch"]
    assert command.grid_of("sweep_points=5").lanes == NORMALIZED
    assert command.grid_of("map") == PRESETS["map"][0].grid(PRESETS["map"][1])
    full = "&".join(f"{key}={value}" for key, value in Sweeping().to_query(full=True).items())
    assert command.grid_of(full) == Sweeping().grid(NORMALIZED)


@pytest.mark.parametrize("link", ["depth=999", "sweep_x=activation", "lanes=9", "nonsense", ""])
def test_a_link_that_cannot_be_used_is_refused_in_one_sentence(link, path, capsys):
    with pytest.raises(SystemExit):
        command.main([link, str(path)])
    assert "cannot be used in this link" in capsys.readouterr().err
    assert not path.exists()


def test_a_network_over_the_budget_is_refused(path, capsys):
    with pytest.raises(SystemExit):
        command.main(["depth=50&width=256&epochs=10000&samples=5000", str(path)])
    assert "larger than the page allows" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_without_a_trace(tmp_path, here, capsys):
    assert command.main([LINK, str(tmp_path / "missing" / "rows")]) == 1
    assert "FileNotFoundError" in capsys.readouterr().err


# --- under way ---------------------------------------------------------------------------------


def test_a_grid_under_way_shows_what_it_has_and_ends_with_every_row():
    filling = Filling(GAINS)
    shares = []
    while not filling.finished:
        filling.advance(0.0)
        shares.append(filling.seen.share)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert all(same(filling.seen.rows[cell], trained([cell])[0]) for cell in GAINS.cells)


def test_a_grid_whose_slice_fails_begins_what_is_missing_anew(monkeypatch):
    filling = Filling(GAINS)
    while not filling.seen.rows:
        filling.advance(0.0)

    def fails(stack):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Stack, "scores", staticmethod(fails))
        with pytest.raises(RuntimeError):
            filling.advance()
    assert not filling.finished
    filling.advance()
    assert set(filling.seen.rows) == set(GAINS.cells)


def test_a_grid_takes_over_the_rows_of_others_on_the_shelf():
    shelf = Shelf(2)
    shelf.get(GAINS).advance()
    wider = shelf.get(replace(GAINS, seeds=3))
    assert set(wider.seen.rows) == set(GAINS.cells)
    assert not wider.finished
    assert shelf.get(replace(GAINS, seeds=1)).finished
    assert shelf.get(replace(GAINS, seeds=3)) is wider
    assert not shelf.get(Sweep(TWO, "rate", (0.5,))).seen.rows


@pytest.mark.slow
def test_batch_normalization_widens_the_window_of_scales_as_the_page_says():
    """The figures of the first preset's note."""
    chosen, lanes = PRESETS["scales"]
    sweep = chosen.grid(lanes)
    filling = Filling(sweep)
    filling.advance()
    plain, normalized = (
        np.array(
            [
                np.median(
                    [
                        filling.seen.rows[sweep.cell(lane, v, s)].value("accuracy", 1)
                        for s in range(3)
                    ]
                )
                for v in sweep.values
            ]
        )
        for lane in (0, 1)
    )
    assert ((plain >= 0.9).sum(), (normalized >= 0.9).sum()) == (2, 7)
    assert (normalized > 0.2).sum() == 19  # of ten digits
