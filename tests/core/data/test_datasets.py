"""Every data set keeps one contract; what is particular to some of them comes after it."""

from __future__ import annotations

import re
from math import sqrt

import numpy as np
import pytest

from core.data.datasets import DATASETS, FOLDER, Task, View, collected, load
from core.runs.training import RunSpec

DEFAULT = RunSpec().samples
EVERY = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
DRAWN = [d for d in DATASETS.values() if not d.collection]
COLLECTED = [d for d in DATASETS.values() if d.collection]


def afresh(dataset, samples=DEFAULT, noise=0.0, seed=0):
    """Drawn again, whatever is remembered of it."""
    return load.__wrapped__(dataset.key, samples, noise, seed)


def whole(data):
    """x, y and rows of both parts, in the order of the rows."""
    rows = np.concatenate([data.train_rows, data.test_rows])
    order = np.argsort(rows)
    x = np.concatenate([data.train_x, data.test_x])[order]
    y = np.concatenate([data.train_y, data.test_y])[order]
    return x, y, rows[order]


# --- the contract ------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("samples", [20, 50, DEFAULT, 5000])
def test_four_fifths_are_for_training(dataset, samples):
    data = load(dataset.key, samples, 0.0, 0)
    size = min(samples, dataset.max_samples)
    train, test = len(data.train_x), len(data.test_x)
    assert train + test == size
    assert train == round(0.8 * size)
    assert data.train_x.shape == (train, dataset.inputs)
    assert data.train_y.shape == (train, dataset.outputs)
    assert data.test_x.shape == (test, dataset.inputs)
    assert data.test_y.shape == (test, dataset.outputs)
    assert data.train_rows.shape == (train,)
    assert data.test_rows.shape == (test,)


@EVERY
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_data_are_finite_numbers_that_nobody_can_write(dataset, noise):
    for name, array in vars(load(dataset.key, DEFAULT, noise, 0)).items():
        assert np.isfinite(array).all(), name
        assert array.dtype == (np.int64 if "rows" in name else np.float64), name
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_no_row_is_in_both_parts_or_twice_in_one(dataset, seed):
    data = load(dataset.key, DEFAULT, 0.0, seed)
    rows = np.concatenate([data.train_rows, data.test_rows])
    assert len(set(rows.tolist())) == len(rows)
    assert rows.min() >= 0
    assert rows.max() < (dataset.max_samples if dataset.collection else DEFAULT)


@EVERY
@pytest.mark.parametrize("seed", range(10))
def test_answers_are_what_the_task_says_and_both_parts_hold_every_class(dataset, seed):
    data = load(dataset.key, DEFAULT, 0.0, seed)
    for y in (data.train_y, data.test_y):
        if dataset.task is Task.REGRESSION:
            assert np.abs(y).max() <= 1
            assert y.std() > 0.1
        else:
            assert set(np.unique(y)) == {0.0, 1.0}
            assert dataset.task is Task.BINARY or (y.sum(axis=1) == 1).all()
            assert (y.sum(axis=0) > 0).all()


@EVERY
def test_the_seed_decides_every_bit(dataset):
    first, again, other = afresh(dataset), afresh(dataset), afresh(dataset, seed=1)
    for name in vars(first):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.train_x, other.train_x)
    assert not np.array_equal(first.test_rows, other.test_rows)


@EVERY
def test_chance_never_comes_from_the_global_generator(dataset):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    afresh(dataset, noise=0.1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@EVERY
@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_noise_moves_the_points_by_its_size_and_leaves_labels_and_split_alone(dataset, noise):
    clean, noisy = load(dataset.key, 5000, 0.0, 3), load(dataset.key, 5000, noise, 3)
    for name in ("train_y", "test_y", "train_rows", "test_rows"):
        np.testing.assert_array_equal(getattr(clean, name), getattr(noisy, name))
    for part in ("train_x", "test_x"):
        moved = (getattr(noisy, part) - getattr(clean, part)) / noise
        n = moved.size
        assert abs(moved.mean()) < 5 / sqrt(n)
        assert moved.var() == pytest.approx(1, abs=5 * sqrt(2 / n))
        assert (np.abs(moved) < 1).mean() == pytest.approx(0.6827, abs=2.5 / sqrt(n))


@EVERY
def test_noise_of_another_size_is_the_same_noise_scaled(dataset):
    x = [load(dataset.key, 50, noise, 0).train_x for noise in (0.0, 0.1, 0.2)]
    np.testing.assert_allclose(x[2] - x[0], 2 * (x[1] - x[0]), atol=1e-12)


@EVERY
def test_what_a_reader_sees_of_a_data_set_is_filled_in(dataset):
    assert DATASETS[dataset.key] is dataset
    assert dataset.name
    names = len(dataset.class_names)
    assert (
        names == {Task.BINARY: 2, Task.CLASSES: dataset.outputs, Task.REGRESSION: 0}[dataset.task]
    )
    assert len(dataset.features) in (0, dataset.inputs)
    assert dataset.inputs == 2 or dataset.view is not View.PLANE
    assert dataset.outputs == 1 or dataset.task is Task.CLASSES
    assert not dataset.collection or (dataset.source and dataset.licence)
    assert dataset.max_samples >= RunSpec.domains()["samples"].low


# --- what is drawn by a formula ----------------------------------------------------------------


@pytest.mark.parametrize("dataset", DRAWN, ids=lambda d: d.key)
@pytest.mark.parametrize("samples", [21, DEFAULT])
def test_points_of_the_plane_fit_into_the_picture(dataset, samples):
    x, _, _ = whole(load(dataset.key, samples, 0.0, 0))
    assert x.shape == (samples, 2)
    assert np.abs(x).max() <= (1.3 if dataset.key == "gaussians" else 1.0)


@pytest.mark.parametrize("dataset", DRAWN, ids=lambda d: d.key)
def test_two_classes_are_about_equally_many(dataset):
    if dataset.task is Task.BINARY:
        y = whole(load(dataset.key, 2000, 0.0, 0))[1]
        assert y.mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("key", ["xor", "regression"])
def test_the_square_is_filled_evenly(key):
    x, _, _ = whole(load(key, 5000, 0.0, 0))
    counts = np.histogram2d(*x.T, bins=4, range=[[-1, 1], [-1, 1]])[0]
    assert counts.sum() == 5000
    np.testing.assert_allclose(counts, 5000 / 16, atol=5 * sqrt(5000 / 16))


def test_xor_is_one_where_the_signs_differ():
    data = load("xor", DEFAULT, 0.0, 0)
    assert (len(data.train_x), len(data.test_x)) == (400, 100)
    for x, y in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        np.testing.assert_array_equal(y[:, 0], (x[:, 0] > 0) != (x[:, 1] > 0))


def test_the_number_to_predict_is_the_product():
    x, y, _ = whole(load("regression", DEFAULT, 0.0, 0))
    np.testing.assert_allclose(y[:, 0], x[:, 0] * x[:, 1], rtol=1e-15)


def test_the_disc_lies_within_the_ring():
    x, y, _ = whole(load("circle", DEFAULT, 0.0, 0))
    radius = np.hypot(*x.T)
    assert radius[y[:, 0] == 1].max() <= 0.45
    ring = radius[y[:, 0] == 0]
    assert 0.6 <= ring.min() <= ring.max() <= 0.95


def test_disc_and_ring_are_each_filled_evenly():
    """Of points even in area, half lie within the circle that halves it."""
    x, y, _ = whole(load("circle", 5000, 0.0, 0))
    radius = np.hypot(*x.T)
    for label, low, high in ((1, 0.0, 0.45), (0, 0.6, 0.95)):
        inner = radius[y[:, 0] == label] < sqrt((low**2 + high**2) / 2)
        assert inner.mean() == pytest.approx(0.5, abs=2.5 / sqrt(len(inner)))


def test_two_groups_are_round_and_class_1_is_the_upper_right():
    x, y, _ = whole(load("gaussians", 5000, 0.0, 0))
    for label, centre in ((0, -0.4), (1, 0.4)):
        group = x[y[:, 0] == label]
        np.testing.assert_allclose(group.mean(axis=0), centre, atol=5 * 0.18 / sqrt(len(group)))
        np.testing.assert_allclose(
            np.cov(group.T), 0.18**2 * np.eye(2), atol=5 * 0.18**2 * sqrt(2 / len(group))
        )


def test_one_spiral_is_the_other_turned_by_half_a_circle():
    x, y, _ = whole(load("spiral", DEFAULT, 0.0, 0))
    radius = np.hypot(*x.T) / 0.95
    turned = np.angle((x[:, 0] + 1j * x[:, 1]) * np.exp(-3.5j * np.pi * radius))
    np.testing.assert_allclose(np.abs(turned) / np.pi, y[:, 0], atol=1e-9)


def test_each_blade_of_the_pinwheel_is_the_next_one_turned_by_a_third_of_a_circle():
    x, y, _ = whole(load("pinwheel", DEFAULT, 0.0, 0))
    radius, blade = np.hypot(*x.T), y.argmax(axis=1)
    straight = (x[:, 0] + 1j * x[:, 1]) * np.exp(-1j * (2 * radius + 2 * np.pi / 3 * blade))
    assert np.abs(np.angle(straight)).max() <= 0.6
    assert 0.05 <= radius.min() <= radius.max() <= 0.95
    assert (y.sum(axis=0) >= DEFAULT // 3).all()


def test_each_moon_is_half_a_circle():
    x, y, _ = whole(load("moons", DEFAULT, 0.0, 0))
    lower = y[:, 0] == 1
    for moon, centre, side in ((x[~lower], (-0.3, -0.15), 1), (x[lower], (0.3, 0.15), -1)):
        np.testing.assert_allclose(np.hypot(*(moon - centre).T), 0.6, rtol=1e-12)
        assert (side * (moon[:, 1] - centre[1]) >= -1e-12).all()


# --- collections -------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", COLLECTED, ids=lambda d: d.key)
def test_a_collection_is_scaled_by_its_training_part_alone(dataset):
    raw, data = collected(dataset), load(dataset.key, 150, 0.0, 1)
    train, test = raw[data.train_rows], raw[data.test_rows]
    axis = 0 if dataset.features else None
    mean, spread = train.mean(axis=axis), train.std(axis=axis)
    np.testing.assert_allclose(data.train_x, (train - mean) / spread, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(data.test_x, (test - mean) / spread, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(data.train_x.mean(axis=axis), 0, atol=1e-12)
    np.testing.assert_allclose(data.train_x.std(axis=axis), 1, rtol=1e-12)


@pytest.mark.parametrize("dataset", COLLECTED, ids=lambda d: d.key)
def test_all_of_a_collection_is_used_where_as_many_are_asked_for(dataset):
    _, y, rows = whole(load(dataset.key, 5000, 0.0, 0))
    np.testing.assert_array_equal(rows, np.arange(dataset.max_samples))
    np.testing.assert_array_equal(y, dataset.draw(np.random.default_rng(0), 0)[1])


@pytest.mark.parametrize("dataset", COLLECTED, ids=lambda d: d.key)
def test_nobody_can_write_into_a_collection(dataset):
    for array in dataset.draw(np.random.default_rng(0), 0):
        assert not array.flags.writeable


@pytest.mark.parametrize("key", ["iris", "digits"])
def test_collections_equal_those_of_scikit_learn(key):
    sklearn = pytest.importorskip("sklearn.datasets")
    theirs = getattr(sklearn, f"load_{key}")()
    x, y = DATASETS[key].draw(np.random.default_rng(0), 0)
    np.testing.assert_array_equal(x, theirs.data)
    np.testing.assert_array_equal(y, np.eye(len(theirs.target_names))[theirs.target])
    if key == "iris":
        assert DATASETS[key].class_names == tuple(theirs.target_names)


def test_the_files_of_collections_are_named_with_their_licences():
    readme = (FOLDER / "README.md").read_text("utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    shipped = {path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".npz")}
    assert {re.match(r"\| `([^`]+)`", row)[1] for row in rows} == shipped
    for dataset in COLLECTED:
        assert any(row.endswith(f"| {dataset.licence} |") for row in rows)
    assert all(re.search(r"\| (CC|MIT|BSD|Public domain)[^|]*\|$", row) for row in rows)
