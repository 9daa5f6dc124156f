"""Who is in and who waits: never more than there are places, first come first served, nobody forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from app.hosting.seats import GRACE, PATIENCE, Seats


class World:
    """A clock, and who is connected."""

    def __init__(self, places: int, idle: float = 600) -> None:
        self.time, self.gone = 0.0, set[str]()
        self.seats = Seats(places, idle, lambda who: who not in self.gone, lambda: self.time)

    def ask(self, *who: str) -> list[int]:
        return [self.seats.ask(one) for one in who]


def test_as_many_as_there_are_places_are_in_and_the_others_queue_in_the_order_of_coming() -> None:
    world = World(2)
    assert world.ask("a", "b", "c", "d", "c", "a", "d") == [0, 0, 1, 2, 1, 0, 2]
    assert world.seats.counts == (2, 2)


def test_who_goes_makes_room_for_the_first_of_the_queue_alone() -> None:
    world = World(1)
    world.ask("a", "b", "c")
    world.gone.add("a")
    assert world.ask("c", "b") == [2, 1]  # it may only be loading its page again
    world.time = GRACE + 1
    assert world.ask("c", "b", "c") == [2, 0, 1]


def test_who_loads_its_page_again_has_its_place_under_its_new_name_and_nobody_else_s() -> None:
    world = World(1)
    world.ask("a", "b", "c")
    world.gone |= {"a", "b"}
    world.seats.pass_on("b", "b2")
    world.seats.pass_on("a", "a2")
    assert world.ask("a2", "b2", "c") == [0, 1, 2]
    world.seats.pass_on("c", "d")  # c is there: it keeps its place
    assert world.ask("d") == [3]


def test_a_line_that_was_lost_for_a_moment_costs_no_place() -> None:
    world = World(1)
    world.ask("a", "b")
    world.gone.add("a")
    world.time = GRACE / 2
    world.ask("b")
    world.gone.clear()
    assert world.ask("a") == [0]
    world.time = 2 * GRACE
    assert world.ask("b") == [1]


def test_who_is_gone_is_counted_no_more_though_nobody_asks() -> None:
    world = World(2)
    world.ask("a", "b", "c", "d")
    world.gone |= {"a", "c"}
    assert world.seats.counts == (2, 2)
    world.time = GRACE + 1
    assert world.seats.counts == (1, 1)


def test_who_waits_and_goes_is_not_waited_for() -> None:
    world = World(1)
    world.ask("a", "b", "c")
    world.gone |= {"a", "b"}
    world.ask("c")
    world.time = GRACE + 1
    assert world.ask("c") == [0]


def test_who_waits_and_asks_no_more_loses_its_place() -> None:
    world = World(1)
    world.ask("a", "b")
    world.time = PATIENCE + 1
    assert world.ask("c", "b") == [1, 2]


def test_an_idle_place_goes_to_the_next_and_only_while_somebody_waits() -> None:
    world = World(1, idle=600)
    world.ask("a")
    world.time = 601
    assert world.ask("a") == [0]  # nobody waited
    world.time = 1200
    assert world.ask("b") == [1]  # idle for 599 s
    world.time = 1202
    assert world.ask("b", "a") == [0, 1]


def test_of_two_idle_the_one_that_was_longest_goes() -> None:
    world = World(2, idle=600)
    world.ask("a", "b")
    world.time = 10
    world.ask("a")
    world.time = 700
    world.ask("c")
    assert world.ask("a", "b") == [0, 1]


@given(some.integers(1, 4), some.lists(some.tuples(some.sampled_from("abcdefg"), some.booleans())))
def test_never_are_more_in_than_there_are_places_nor_one_that_waits_while_a_place_is_free(
    places: int, steps: list[tuple[str, bool]]
) -> None:
    world = World(places)
    for who, goes in steps:
        world.time += GRACE / 3
        if goes:
            world.gone.add(who)
            continue
        world.gone.discard(who)
        place = world.seats.ask(who)
        seated, waiting = world.seats.counts
        assert seated <= places and world.seats.seated(who) == (place == 0)
        assert place == 0 or seated + place > places
        assert place <= waiting
