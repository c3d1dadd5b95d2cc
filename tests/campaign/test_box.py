from hypothesis import given
from hypothesis import strategies as st

from studio.campaign.box import Box, around

sides = st.floats(-1000, 1000)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(sides), draw(sides)
    return Box(left=left, top=top, right=left + draw(st.floats(1, 500)), bottom=top + draw(st.floats(1, 500)))


@given(boxes(), boxes())
def test_what_is_around_boxes_has_them_within(first: Box, second: Box) -> None:
    both = around([first, second])
    assert first.within(both) and second.within(both)
    assert first.overlaps(second) == second.overlaps(first)


@given(boxes(), st.floats(0, 2000))
def test_twice_mirrored_is_as_it_was(box: Box, width: float) -> None:
    again = box.mirrored(width).mirrored(width)
    assert abs(again.left - box.left) < 1e-6 and abs(again.right - box.right) < 1e-6


def test_boxes_that_share_an_edge_do_not_overlap() -> None:
    left = Box(left=0, top=0, right=10, bottom=10)
    assert not left.overlaps(Box(left=10, top=0, right=20, bottom=10))
    assert left.overlaps(Box(left=9, top=9, right=20, bottom=20))
    assert not left.within(Box(left=1, top=0, right=20, bottom=20))


def test_a_part_is_shares_of_the_whole() -> None:
    whole = Box(left=100, top=200, right=300, bottom=600)
    assert whole.part(Box(left=0.25, top=0, right=0.5, bottom=0.75)) == Box(left=150, top=200, right=200, bottom=500)
    assert Box(left=1.2, top=1.8, right=3.1, bottom=4).pixels == (1, 1, 4, 4)
