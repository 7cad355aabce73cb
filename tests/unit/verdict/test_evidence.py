"""The tests hold their level at every look: against brute force where all cases can be counted, else by simulation."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy import integrate, stats

from pal_verdict.evidence import (
    Mean,
    bound,
    e_benjamini_hochberg,
    log_discordant,
    log_mean_capital,
    log_share,
    quantile_bounds,
)
from pal_verdict.power import detectable

SEED = 20_240_501


@pytest.mark.parametrize(("worse", "better"), [(0, 0), (3, 0), (0, 4), (5, 2), (2, 7), (40, 10)])
def test_the_evidence_of_discordant_pairs_is_the_integral_that_it_stands_for(worse: int, better: int) -> None:
    ratio, _ = integrate.quad(lambda q: 2 * (2 * q) ** worse * (2 * (1 - q)) ** better, 0.5, 1)

    assert math.exp(log_discordant(worse, better)) == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.4, 0.2])
def test_no_sequence_of_looks_rejects_more_often_than_the_level(share: float) -> None:
    """Count every sequence of 14 discordant pairs: the probability that any look exceeds 1/alpha."""
    for alpha in (0.2, 0.05, 0.01):
        threshold, wrong = math.log(1 / alpha), 0.0
        for sequence in itertools.product((0, 1), repeat=14):
            worse = list(itertools.accumulate(sequence))
            if any(log_discordant(w, n - w) >= threshold for n, w in enumerate(worse, start=1)):
                wrong += share ** worse[-1] * (1 - share) ** (14 - worse[-1])
        assert wrong <= alpha


def test_the_expected_evidence_is_one_while_pairs_are_a_fair_coin() -> None:
    for n in (1, 5, 20):
        expected = sum(math.comb(n, k) / 2**n * math.exp(log_discordant(k, n - k)) for k in range(n + 1))
        assert expected == pytest.approx(1)


@pytest.mark.parametrize(("null", "sign"), [(-0.05, 1), (0.05, -1), (0.0, 1), (0.3, -1)])
def test_a_betting_test_is_worth_one_in_expectation_at_its_null(null: float, sign: int) -> None:
    """Enumerate all sequences of five values in {-1, 0, 1} with the mean of the null."""
    chances = {-1.0: (0.4 - null) / 2, 0.0: 0.6, 1.0: (0.4 + null) / 2}
    total = 0.0
    for sequence in itertools.product(chances, repeat=5):
        probability = math.prod(chances[value] for value in sequence)
        total += probability * math.exp(log_mean_capital(Counter(sequence), null, sign))
    assert total == pytest.approx(1)


def test_values_one_by_one_and_counted_give_the_same_evidence() -> None:
    test, values = Mean(-0.1), [1.0, 0.0, -1.0, 1.0, 0.25]

    for value in values:
        test.add(value)

    assert test.now == pytest.approx(log_mean_capital(Counter(values), -0.1, 1))
    assert test.peak >= test.now


def test_promotion_errs_no_more_than_its_level_when_looked_at_always() -> None:
    """B is worse by exactly the margin; 150 sequences of 150 pairs, looked at after each."""
    random, margin, wrong = np.random.default_rng(SEED), 0.05, 0
    for _ in range(150):
        test = Mean(margin, -1)
        for value in random.choice([-1, 0, 1], size=150, p=[0.15, 0.65, 0.2]):
            test.add(float(value))
        wrong += test.peak >= math.log(1 / 0.05)
    assert wrong <= stats.binom.ppf(0.999, 150, 0.05)


def test_bounds_hold_the_mean_at_every_look() -> None:
    random, missed = np.random.default_rng(SEED), 0
    for _ in range(40):
        counts: Counter[float] = Counter()
        low, high = -1.0, 1.0
        for number, value in enumerate(random.choice([-1.0, 0.0, 1.0], size=120, p=[0.2, 0.5, 0.3]), start=1):
            counts[float(value)] += 1
            if number % 40 == 0:
                low, high = max(low, bound(counts, 0.05, 1)), min(high, bound(counts, 0.05, -1))
        missed += not low <= 0.1 <= high
    assert missed <= stats.binom.ppf(0.999, 40, 0.1)


def test_bounds_close_in_on_the_mean() -> None:
    widths = []
    for times in (10, 100, 1000):
        counts = {1.0: 3 * times, 0.0: 5 * times, -1.0: 2 * times}
        low, high = bound(counts, 0.05, 1), bound(counts, 0.05, -1)
        assert low < 0.1 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True) and widths[-1] < 0.06


def test_the_evidence_on_a_quantile_is_one_in_expectation() -> None:
    for n in (1, 10, 60):
        expected = sum(
            float(stats.binom.pmf(count, n, 0.95)) * math.exp(log_share(count, n, 0.95)) for count in range(n + 1)
        )
        assert expected == pytest.approx(1)


def test_bounds_of_a_quantile_hold_it_at_every_look() -> None:
    random, missed, truth = np.random.default_rng(SEED), 0, float(stats.lognorm.ppf(0.95, 1))
    for _ in range(150):
        values = random.lognormal(size=400)
        looks = [quantile_bounds(list(values[:n]), 0.95, 0.05) for n in range(20, 401, 20)]
        missed += any(not low <= truth <= high for low, high in looks)
    assert missed <= stats.binom.ppf(0.999, 150, 0.05)


def test_few_values_bound_a_high_quantile_on_one_side_at_most() -> None:
    assert quantile_bounds([1.0, 2.0, 3.0], 0.95, 0.05)[1] == math.inf
    low, high = quantile_bounds([float(value) for value in range(1000)], 0.95, 0.05)
    assert 900 < low < 950 < high < 990


def test_false_discoveries_stay_below_the_level_under_dependence() -> None:
    """A hundred fields, ninety of them noise that all share one half of their pairs."""
    random, shares = np.random.default_rng(SEED), []
    for _ in range(120):
        shared = random.random(60) < 0.5
        evidence = {}
        for field in range(100):
            own = np.where(random.random(60) < 0.5, shared, random.random(60) < (0.95 if field < 10 else 0.5))
            worse = int(own.sum()) if field >= 10 else int((random.random(60) < 0.95).sum())
            evidence[f"{'real' if field < 10 else 'noise'}-{field}"] = log_discordant(worse, 60 - worse)
        found = e_benjamini_hochberg(evidence, 0.1)
        shares.append(sum(name.startswith("noise") for name in found) / max(len(found), 1))
        assert {name for name in found if name.startswith("real")}
    assert float(np.mean(shares)) <= 0.1


def test_e_values_are_ranked_as_the_procedure_says() -> None:
    evidence = {"a": math.log(100), "b": math.log(25), "c": math.log(10)}

    assert e_benjamini_hochberg(evidence, 0.05) == ["a"]
    assert e_benjamini_hochberg({**evidence, "a": math.log(1000)}, 0.07) == ["a", "b"]
    assert e_benjamini_hochberg(evidence, 0.05, {"a": 0.05, "b": 0.9, "c": 0.05}) == ["b"]


def test_what_can_be_detected_shrinks_with_pairs_and_is_detected() -> None:
    assert detectable(3, 1, 0.01) is None
    sizes = [detectable(pairs, round(0.3 * pairs), 0.01) or 1.0 for pairs in (30, 100, 300, 1000)]
    assert sizes == sorted(sizes, reverse=True)

    random, found = np.random.default_rng(SEED), 0
    for _ in range(300):
        values = random.choice([-1, 0, 1], size=300, p=[(0.3 - sizes[2]) / 2, 0.7, (0.3 + sizes[2]) / 2])
        found += log_discordant(int((values == 1).sum()), int((values == -1).sum())) >= math.log(100)
    assert found / 300 == pytest.approx(0.8, abs=0.1)
