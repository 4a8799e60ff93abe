"""Training: the fused step, the loop, what watches it, what resumes it."""
