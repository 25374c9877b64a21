"""The training loop, its files and its pictures: neutral, so that both sides run the same loop."""
