"""Train a recipe in Keras 3.

python scripts/train_keras.py --recipe split_linear/adjusted --data generated --out runs/keras
"""

from crosscheck.training.command import command

if __name__ == "__main__":
    command("keras")()
