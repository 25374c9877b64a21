"""Models and ports of them, as a user might write them: right ones, and ones with a mistake."""
