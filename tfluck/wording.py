"""The words that tables, pictures and TensorBoard share."""

#: The one ρ̄. The mean over all teacher nodes, dead ones at 0, is never called so.
RHO_BAR = "ρ̄, mean best correlation over live teacher nodes"
RANK_BAR = "r̄, mean rank of the final winners"
NULL = "another teacher"
