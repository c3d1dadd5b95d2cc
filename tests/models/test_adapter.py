import torch

from studio.models.adapter import TextAdapter


def test_an_encoded_text_does_not_depend_on_its_padding() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        adapter = TextAdapter({"product": ("mug", "bottle")}).eval()
    states = torch.randn(1, 4, 384, generator=torch.Generator().manual_seed(1))
    alone = adapter(states, torch.ones(1, 4, dtype=torch.bool))
    padded = adapter(torch.cat([states, torch.full((1, 2, 384), 7.0)], dim=1), torch.tensor([[True] * 4 + [False] * 2]))
    torch.testing.assert_close(padded.sentence, alone.sentence)
    torch.testing.assert_close(padded.logits["product"], alone.logits["product"])
    assert alone.logits["product"].shape == (1, 3)  # the last class is "not said"
