"""Models as users write them, with right and wrong ports: see `catalogue`."""
