"""An instrument as a user writes it: how often the nodes of each layer are on."""

from matplotlib.figure import Figure

from tfluck.instruments import INSTRUMENTS, Instrument, Layers, Option


class Activity(Instrument):
    """Count how often the nodes of teacher and student are on."""

    name = "activity"
    needs = frozenset({"networks", "inputs"})
    options = (Option("samples", "Inputs to use.  [default: all]", low=1),)

    def compute(self, view, *, samples=None):
        student, teacher = view.relu_nets()
        x = view.inputs(samples)
        pairs = zip(teacher.activations(x), student.activations(x), strict=True)
        return Layers(
            [
                {"layer": at, "teacher": (t > 0).mean(), "student": (s > 0).mean()}
                for at, (t, s) in enumerate(list(pairs)[:-1])
            ]
        )

    def draw(self, findings, title):
        figure = Figure()
        axis = figure.subplots()
        axis.plot([row["student"] for row in findings[-1].result.layers])
        axis.set_title(title)
        return figure


INSTRUMENTS.register("activity", Activity)
