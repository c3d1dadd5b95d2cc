import torch

from studio.evaluation.runs import nearest_by_attributes
from studio.world.scene import sample_scene


def test_nearest_is_the_scene_itself_where_it_is_there() -> None:
    scenes = [sample_scene(seed) for seed in range(40)]
    chosen = torch.randperm(40, generator=torch.Generator().manual_seed(0))[:5].tolist()
    assert nearest_by_attributes([scenes[i] for i in chosen], scenes) == chosen
