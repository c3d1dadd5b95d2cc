"""The networks. They know tensors only: torch, transformers and safetensors, nothing else of the studio."""
