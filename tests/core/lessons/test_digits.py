"""Reading digits: scaled as the training part, judged as in training, and what questions claim."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.datasets import Data
from core.lessons.digits import (
    INK,
    READER,
    READERS,
    looked_for,
    pictures,
    probabilities,
    read_test,
    scaled,
)
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trainer

SHORT = replace(READER, epochs=3, depth=1)


def trained(run):
    recording = Recording(run)
    recording.advance()
    return recording


@pytest.fixture(scope="module")
def short():
    return trained(SHORT)


@pytest.fixture(scope="module")
def answers():
    return {key: trained(run) for key, run in READERS.items()}


def test_pixels_are_scaled_as_the_data_were():
    data: Data = SHORT.data()
    pixels = pictures()
    np.testing.assert_array_equal(scaled(SHORT, pixels[data.train_rows]), data.train_x)
    np.testing.assert_array_equal(scaled(SHORT, pixels[data.test_rows]), data.test_x)
    raw = pixels[data.train_rows]
    one = scaled(SHORT, np.full((1, 64), 7))
    np.testing.assert_allclose(one, (7 - raw.mean()) / raw.std(), rtol=1e-12)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_drawing_is_read_as_a_test_picture_of_the_same_pixels(norm, precision):
    run = replace(SHORT, norm=norm, precision=precision, skip=0.5, depth=2, seed=3)
    network = trained(run).final
    trainer = Trainer(run)
    while not trainer.finished:
        trainer.train_epoch()
    found = probabilities(network, pictures()[run.data().test_rows])
    np.testing.assert_array_equal(found, trainer.predict(run.data().test_x))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_a_single_picture_has_ten_probabilities(short):
    for pixels in (np.zeros((1, 64)), np.full((1, 64), INK)):
        probability = probabilities(short.final, pixels)
        assert probability.shape == (1, 10)
        assert (probability >= 0).all()
        assert probability.sum() == pytest.approx(1)


def test_a_reading_has_the_accuracy_of_the_recording(short):
    reading = read_test(short.final)
    assert reading.accuracy == short.history.test_accuracy[-1, 0]
    counts = reading.confusion
    assert counts.sum() == len(reading.rows) == 359
    assert np.trace(counts) == (reading.truth == reading.predicted).sum()
    assert counts[3, 5] == ((reading.truth == 3) & (reading.predicted == 5)).sum()
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(reading.truth, minlength=10))


def test_mistakes_are_all_there_is_the_surest_first(short):
    reading = read_test(short.final)
    assert len(reading.mistakes) == round((1 - reading.accuracy) * 359) > 0
    assert (reading.truth[reading.mistakes] != reading.predicted[reading.mistakes]).all()
    surest = reading.probability[reading.mistakes].max(axis=1)
    assert (np.diff(surest) <= 0).all()


def test_the_rows_of_a_reading_are_the_pictures_that_were_read(short):
    reading = read_test(short.final)
    again = probabilities(short.final, pictures()[reading.rows])
    np.testing.assert_array_equal(again, reading.probability)


def test_a_picture_of_weights_is_a_units_own_and_the_largest_come_first(short):
    weights, order = looked_for(short.final)
    assert weights.shape == (SHORT.width, 8, 8)
    assert sorted(order) == list(range(SHORT.width))
    sizes = np.linalg.norm(weights, axis=(1, 2))
    assert (np.diff(sizes) <= 0).all()
    first = short.final.network.parameters.weights[0][0]
    for picture, unit in zip(weights, order, strict=True):
        np.testing.assert_array_equal(picture.ravel(), first[:, unit])


def test_without_hidden_layers_the_pictures_are_those_of_the_ten_digits():
    weights, order = looked_for(trained(replace(SHORT, depth=0)).final)
    assert weights.shape == (10, 8, 8)
    assert sorted(order) == list(range(10))


# --- what the questions claim ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", ["reads", "none", "one", "tanh", "relu", "norm"])
def test_these_read_nearly_all_test_pictures(answers, key):
    assert read_test(answers[key].final).accuracy > 0.93


@pytest.mark.slow
def test_five_sigmoid_layers_hardly_do_better_than_guessing(answers):
    for seed in range(3):
        recording = trained(replace(READERS["sigmoid"], seed=seed))
        assert read_test(recording.final).accuracy < 0.25
        assert recording.history.moved[-1, 0, 0] < 0.1
    for key in ("tanh", "relu"):
        assert answers[key].history.moved[-1, 0, 0] > 0.1


def test_the_five_layers_differ_as_their_questions_say():
    five = READERS["sigmoid"]
    assert READERS["tanh"] == replace(five, activation="tanh")
    assert READERS["relu"] == replace(five, activation="relu")
    assert READERS["norm"] == replace(five, norm="batch")
    assert READERS["one"] == replace(five, depth=1)
    assert all(isinstance(run, RunSpec) for run in READERS.values())
