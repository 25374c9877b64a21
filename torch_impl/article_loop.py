"""The training loop of article 000 as it stands there, to measure ours against.

PIL images, transforms and a DataLoader, and the loss fetched at every step (`.item()`).
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from crosscheck.layouts import Weights
from crosscheck.recipes.recipe import Recipe
from crosscheck.technique import technique
from torch_impl import adapter


class ImageDataset(Dataset):
    """Images as torchvision's CIFAR10 gives them: one PIL image at a time, then the transforms."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, mean: float, std: float):
        self.images = images
        self.labels = labels.tolist()
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((mean,) * 3, (std,) * 3)]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


class ArticleLoop:
    """The article's loop over the model of a recipe with plain SGD.

    Args:
        recipe: what is trained.
        weights: to start from.
        workers: processes of the DataLoader.
    """

    def __init__(self, recipe: Recipe, weights: Weights, workers: int):
        case = technique(recipe.technique).model(recipe.case)
        self.recipe = recipe
        self.workers = workers
        self.model = adapter.build(recipe.technique, case, "float32")
        adapter.load(self.model, case, weights)
        self.criterion = nn.CrossEntropyLoss()
        optimizer = recipe.optimizer
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=optimizer.learning_rate, momentum=optimizer.momentum
        )

    def train(self, images: np.ndarray, labels: np.ndarray) -> float:
        """One epoch over images (N, 32, 32, 3) uint8; the mean loss."""
        data = ImageDataset(images, labels, self.recipe.mean, self.recipe.std)
        loader = DataLoader(data, self.recipe.batch_size, shuffle=True, num_workers=self.workers)
        running_loss = 0.0
        for inputs, targets in loader:
            self.optimizer.zero_grad()
            outputs = self.model(inputs)
            loss = self.criterion(outputs, targets)
            loss.backward()
            self.optimizer.step()
            running_loss += loss.item()
        return running_loss / len(loader)
