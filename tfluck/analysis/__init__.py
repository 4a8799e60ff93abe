"""What a network says node by node: pure functions, arrays in, small results out."""
