"""Images to train and to compare on: CIFAR-10 in any common packaging, or generated ones."""
