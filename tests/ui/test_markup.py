from datetime import UTC, datetime

from PIL import Image

from studio.request import GeneratedImage, Recipe, Understanding, Understood, Verdict
from studio.signature import Signature
from studio.ui import markup

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
