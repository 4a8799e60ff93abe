"""Drawing: tables and arrays in, PNG, PDF or SVG out, without TensorFlow."""
