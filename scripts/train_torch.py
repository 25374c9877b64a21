"""Train a recipe in PyTorch.

python scripts/train_torch.py --recipe split_linear/adjusted --data generated --out runs/torch
"""

from crosscheck.training.command import command

if __name__ == "__main__":
    command("torch")()
