import torch

from studio.models.random_features import RandomFeatures


def test_features_depend_on_seed_and_image_alone() -> None:
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = RandomFeatures(1)(images)
    assert features.shape == (3, 320)
    torch.testing.assert_close(RandomFeatures(1)(images[1:2]), features[1:2])
    assert not torch.allclose(RandomFeatures(2)(images), features)
