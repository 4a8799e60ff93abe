"""What is to be done, as data: settings, presets, scales, limits, cost."""
