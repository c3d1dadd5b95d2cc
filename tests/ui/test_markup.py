from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from studio.backends.base import Step
from studio.request import GeneratedImage, Recipe, Understanding, Understood, Verdict
from studio.signature import Signature
from studio.ui import markup
from studio.ui.grid import Making

HTML = "<script>alert(1)</script>&\"'"


def understanding(canonical: str = "a mug", **fields: tuple[object, ...]) -> Understanding:
    return Understanding(prompt="a mug", canonical=canonical, **({"attributes": (), "unknown": ()} | fields))  # type: ignore[arg-type]


def test_a_guess_looks_like_one() -> None:
    found = (
        Understood(group="product", value="mug", confidence=0.98),
        Understood(group="material", value="glass", confidence=0.5),
    )
    shown = markup.chips(understanding(attributes=found))

    assert 'class="chip sure" title="product: 98% sure"' in shown
    assert 'class="chip guess" title="material: 50% sure"' in shown
    assert "glass ?" in shown


def test_a_kind_that_was_named_is_said() -> None:
    found = (Understood(group="product", value="glass", confidence=1),)
    shown = markup.chips(replace(understanding(attributes=found), silhouette="wine"))
    assert '<span class="group">kind</span> wine</li>' in shown
    assert "kind" not in markup.chips(understanding(attributes=found))


def test_what_can_t_be_drawn_is_said() -> None:
    assert '<li class="chip unknown">Eiffel tower</li>' in markup.chips(understanding(unknown=("Eiffel tower",)))


def test_the_english_is_shown_only_where_it_was_translated() -> None:
    assert "a red mug" in markup.chips(understanding("a red mug"))
    assert markup.chips(understanding("a mug")) == ""


def test_what_was_not_read_is_counted() -> None:
    assert "Too long: the last word was not read." in markup.chips(understanding(unread=("mug",)))
    assert "Too long: the last 3 words were not read." in markup.chips(understanding(unread=("a", "red", "mug")))
    assert "Too long" not in markup.chips(understanding(unknown=("dragon",)))


def test_everything_from_outside_is_escaped() -> None:
    recipe = Recipe(
        prompt=HTML,
        seed=1,
        index=0,
        size=8,
        backend="fake",
        model="fake",
        model_sha256="0" * 64,
        parameters={},
        pixels_sha256="0" * 64,
        versions={},
        created=datetime.now(UTC).isoformat(),
        licence="CC0-1.0",
    )
    drawn = GeneratedImage(image=Image.new("RGB", (8, 8)), seed=1, index=0, recipe=recipe)
    found = (Understood(group=HTML, value=HTML, confidence=1),)
    verdict = Verdict(outcome="close", intact=True, max_difference=2, reason=HTML)

    for shown in (
        markup.chips(understanding(HTML, attributes=found, unknown=(HTML,))),
        markup.previews(HTML, [drawn]),
        markup.notice(HTML, kind="problem"),
        markup.verdict(verdict, Signature(state="altered", signer="", own=False)),
    ):
        assert "&lt;script&gt;" in shown
        assert "<script" not in shown
        assert HTML not in shown


def test_a_signature_is_spoken_of_where_there_is_one() -> None:
    verdict = Verdict(outcome="exact", intact=True, max_difference=0, reason="Yes.")

    assert "signature" not in markup.verdict(verdict, None)
    assert "intact" in markup.verdict(verdict, Signature(state="intact", signer="a", own=True))
    assert "was altered" in markup.verdict(verdict, Signature(state="altered", signer="", own=False))


def test_no_words_are_no_notice() -> None:
    assert markup.notice("") == ""


@pytest.mark.parametrize(
    ("making", "words", "bar"),
    [
        (Making(count=1), "Waiting for its turn", "<progress>"),
        (Making(count=2, done=1), "Picture 2 of 2, waiting for its turn", "<progress>"),
        (Making(count=1, step=Step(stage="loading")), "Loading the model", "<progress>"),
        (
            Making(count=1, step=Step(done=1200, total=7000, stage="downloading")),
            "Downloading the model: 1,200 of 7,000 MB",
            '<progress max="7000" value="1200">',
        ),
        (Making(count=4, step=Step()), "Picture 1 of 4, drawing", "<progress>"),
        (Making(count=1, step=Step(done=3, total=20)), "Step 3 of 20", '<progress max="20" value="3">'),
    ],
)
def test_it_is_said_how_far_a_picture_has_come(making: Making, words: str, bar: str) -> None:
    shown = markup.forming(making)
    assert f'<p role="status">{words}</p>' in shown and bar in shown
