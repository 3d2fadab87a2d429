"""Runs Singer taps, lands what they read, and proves it complete."""
