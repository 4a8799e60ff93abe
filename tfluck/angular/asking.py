"""What may be asked, said without loading what answers."""

#: The forms ``parse`` understands, for help texts and errors.
FORMS = (
    "relu, linear, arc-cosine:N, relu-ntk, poisson:R, exponential:A, "
    "triangle:WIDTH[,CONSTANT], cosines:c0,c1,…, sqrt-exponential, power:P, matern:S,KAPPA, "
    "wrapped-gaussian:S, sech:A, cosh:KAPPA[,CONSTANT], parabola[:CONSTANT], "
    "a formula in t such as '1.2+cos(t)+0.2cos(3t)', or module:attribute"
)
#: One set of angles may have this many students; where there are many sets, fewer.
MOST_STUDENTS, MOST_DRAWN = 64, 32
