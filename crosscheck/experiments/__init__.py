"""What each technique does, shown on both sides from the same weights: one module a technique."""
