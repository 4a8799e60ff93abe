"""What paper 1 says, statement by statement: arrays in, small frozen results out."""
