"""
Who waits for the committer: everybody is served once, in turns, and nobody fills the queue alone.

What is put and taken is compared with the plainest model there is: a list per client.
"""

from collections import Counter, defaultdict
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.entry.waiting import (
    RETRY_AFTER_S_MAX,
    RETRY_AFTER_S_MIN,
    TURN_ACTS,
    FullError,
    Queue,
)

WEIGHT_MAX = 1_000  # acts of one bulk request
COMMIT = 500
Item = tuple[str, int, int]  # client, number, weight

clients = st.sampled_from("abcd")
weights = st.one_of(st.just(1), st.integers(1, 120), st.just(WEIGHT_MAX))
puts = st.tuples(st.just("put"), clients, weights)
takes = st.tuples(st.just("take"), st.just(""), st.sampled_from([1, 7, 60, COMMIT]))
departures = st.tuples(st.just("go"), clients, st.integers(0, 5))
STEPS = st.lists(st.one_of(puts, puts, takes, departures), max_size=80)


class World:
    """A queue, and what was done with it."""

    def __init__(self, *, acts_max: int = 10 * WEIGHT_MAX) -> None:
        self.now_s = 0.0
        self.gone: set[Item] = set()
        self.queue: Queue[Item] = Queue(
            self.gone.__contains__, acts_max=acts_max, clock_s=lambda: self.now_s
        )
        self.waiting: defaultdict[str, list[Item]] = defaultdict(list)
        self.numbers = 0

    def put(self, client: str, weight: int = 1) -> Item:
        """Put one more item of a client's."""
        item = (client, self.numbers, weight)
        self.queue.put(client, item, weight)
        self.numbers += 1
        self.waiting[client].append(item)
        return item

    def fill(self, client: str, how_many: int, weight: int = 1) -> None:
        """Put many of one weight."""
        for _ in range(how_many):
            self.put(client, weight)

    def take(self, weight_max: int = COMMIT) -> list[Item]:
        """Take, and hold what comes against what each client still waits for."""
        taken = self.queue.take(weight_max)
        for item in taken:
            line = self.waiting[item[0]]
            while line[0] in self.gone:
                line.pop(0)
            assert line.pop(0) == item, "in order of arrival, none left out, none twice"
            assert item not in self.gone
        weights = [weight for _, _, weight in taken]
        assert sum(weights) <= weight_max or len(taken) == 1
        return taken

    def stay(self) -> set[Item]:
        """Return what still waits and has not gone."""
        return {item for line in self.waiting.values() for item in line} - self.gone


@settings(deadline=None)
@given(STEPS)
def test_nothing_is_lost_or_doubled_and_each_client_keeps_its_order(
    steps: list[tuple[str, str, int]],
) -> None:
    world = World()
    for what, client, number in steps:
        if what == "take":
            waited = bool(world.stay())
            assert bool(world.take(number)) == waited, "something comes whenever somebody waits"
        elif what == "go":
            world.gone.update(world.waiting[client][number : number + 1])
        else:
            held = world.queue.acts
            try:
                world.put(client, number)
            except FullError:
                assert world.queue.acts == held
    while world.take():
        pass
    assert not world.stay()
    assert world.queue.acts == 0
    assert not world.queue._lines, "a client that waits for nothing is not remembered"


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(weights, min_size=1, max_size=40)),
    st.integers(1, TURN_ACTS),
    st.integers(0, 5),
)
def test_a_newcomer_waits_for_one_turn_of_each_other_client(
    busy: dict[str, list[int]], weight: int, commits_before: int
) -> None:
    """However much the others have in the queue, and in the middle of whose turn it may come."""
    world = World(acts_max=10**6)
    for client, sizes in busy.items():
        for size in sizes:
            world.put(client, size)
    for _ in range(commits_before):
        world.take()
    mine = world.put("newcomer", weight)
    before_me: Counter[str] = Counter()
    # All of one commit are answered together, so what counts is what came in those before.
    while mine not in (taken := world.take()):
        for client, _, acts in taken:
            before_me[client] += acts
    assert all(acts < TURN_ACTS + WEIGHT_MAX for acts in before_me.values())
    if all(size == 1 for sizes in busy.values() for size in sizes):
        assert all(acts <= TURN_ACTS for acts in before_me.values())


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([1, 3, 40, 77, WEIGHT_MAX]), min_size=2, max_size=6))
def test_busy_clients_get_equal_shares_whatever_the_size_of_their_requests(
    sizes: list[int],
) -> None:
    world = World(acts_max=10**7)
    for number, size in enumerate(sizes):
        world.fill(str(number), 20_000 // size, size)
    got: Counter[str] = Counter()
    while got.total() < 8_000 * len(sizes):
        for client, _, weight in world.take():
            got[client] += weight
    shares = [got[str(number)] for number in range(len(sizes))]
    assert max(shares) - min(shares) <= 2 * (TURN_ACTS + WEIGHT_MAX)


def test_a_commit_is_shared_by_many() -> None:
    """Ten who each have a thousand waiting: the next commit has acts of all of them."""
    world = World(acts_max=10**6)
    for client in "abcdefghij":
        world.fill(client, 1_000)
    taken = Counter(client for client, _, _ in world.take(COMMIT))
    assert taken == dict.fromkeys("abcdefghij", TURN_ACTS)


def test_an_item_heavier_than_a_commit_comes_alone() -> None:
    world = World()
    world.put("a", WEIGHT_MAX)
    world.put("a", 1)
    assert [item[2] for item in world.take()] == [WEIGHT_MAX]
    assert [item[2] for item in world.take()] == [1]


def test_what_was_left_of_a_turn_is_had_in_the_next_commit() -> None:
    world = World()
    world.fill("a", 30)
    world.fill("b", 30)
    assert Counter(item[0] for item in world.take(20)) == {"a": 20}
    assert Counter(item[0] for item in world.take(20)) == {"a": 10, "b": 10}


def test_a_client_that_has_left_saves_nothing_up() -> None:
    """Turns are for those who wait: whoever comes back begins like everybody else."""
    world = World()
    for _ in range(20):
        world.put("a")
        world.take()
    world.fill("a", 100)
    world.fill("b", 100)
    assert Counter(item[0] for item in world.take(100)) == {"a": TURN_ACTS, "b": TURN_ACTS}


@pytest.mark.parametrize(("busy", "each"), [(1, 5_000), (2, 3_333), (3, 2_500), (9, 1_000)])
def test_a_client_holds_no_more_than_it_leaves_free(busy: int, each: int) -> None:
    world = World()
    for _ in range(each):
        for client in range(busy):
            world.put(str(client))
    assert abs(world.queue.acts - 10_000 * busy // (busy + 1)) <= busy
    with pytest.raises(FullError):
        world.fill("0", 2)
    world.put("newcomer")


@settings(deadline=None)
@given(st.lists(st.tuples(clients, weights), max_size=200))
def test_a_few_clients_leave_room_for_another_whatever_they_ask(
    asked: list[tuple[str, int]],
) -> None:
    world = World()
    for client, weight in asked:
        with suppress(FullError):
            world.put(client, weight)
    assert world.queue.acts < 10_000
    world.put("newcomer")


def test_those_who_have_gone_make_room() -> None:
    world = World(acts_max=20)
    world.fill("a", 10)
    with pytest.raises(FullError):
        world.put("a")
    world.gone.update(world.waiting["a"])
    assert world.queue.take(1) == []
    assert world.queue.acts == 0
    world.put("a")


def full(world: World) -> int:
    """Fill the queue and return what the first one that finds no room is told."""
    with pytest.raises(FullError) as told:
        world.fill("a", 10**6)
    return told.value.retry_after_s


@pytest.mark.parametrize(
    ("seconds_a_commit", "expected"),
    [(0.01, 1), (0.09, 1), (0.25, 3), (1, 10), (5, RETRY_AFTER_S_MAX)],
)
def test_retry_after_is_the_time_that_what_waits_will_take(
    seconds_a_commit: float, expected: int
) -> None:
    """Five thousand acts wait, five hundred a commit."""
    world = World()
    for _ in range(30):
        full(world)
        world.take(COMMIT)
        world.now_s += seconds_a_commit
    world.take(1)
    assert full(world) == expected


def test_an_idle_hour_does_not_count_as_slow() -> None:
    world = World()
    for _ in range(3):
        world.fill("a", COMMIT + 1)
        world.take(COMMIT)
        world.now_s += 0.05
        world.take(COMMIT)
        world.now_s += 3_600
    assert full(world) == RETRY_AFTER_S_MIN


def test_a_commit_that_hangs_is_told_of_before_it_ends() -> None:
    world = World()
    assert full(world) == RETRY_AFTER_S_MIN
    world.take(COMMIT)
    world.now_s += 12
    assert full(world) == 12


def test_those_who_come_along_come_in_the_order_of_their_arrival() -> None:
    """Turns only say who comes: what arrived first is decided first."""
    queue: Queue[int] = Queue(lambda _: False)
    for number in range(30):
        queue.put("abc"[number * 7 % 3], number)
    assert queue.take(100) == list(range(30))
