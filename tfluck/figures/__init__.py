"""Pictures, drawn from tables; none of this imports TensorFlow."""
