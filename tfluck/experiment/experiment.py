"""The whole of an experiment, its one canonical form and its one name."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from tfluck.architectures import Graph, draw
from tfluck.experiment.checks import check
from tfluck.experiment.fields import Field, fields_of, hold, setting
from tfluck.experiment.specs import Data, Networks, Start, Training, Watch
from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import to_json

#: Part of an experiment → what specifies it.
SPECS: dict[str, Any] = {
    "data": Data,
    "network": Networks,
    "start": Start,
    "training": Training,
    "watch": Watch,
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A teacher, its students, their data and their training; checked when made.

    ``seed`` is that of the teacher and of the first student. Build one with
    :func:`tfluck.make_experiment`, which fills what depends on the architecture.

    Raises:
        BadInput: a setting is out of range, or two do not go together.
    """

    data: Data = dataclasses.field(default_factory=Data)
    network: Networks = dataclasses.field(default_factory=Networks)
    start: Start = dataclasses.field(default_factory=Start)
    training: Training = dataclasses.field(default_factory=Training)
    watch: Watch = dataclasses.field(default_factory=Watch)
    seed: int = setting(
        1, "Seed of the teacher and the first student.", low=0, high=10**18
    )

    def __post_init__(self) -> None:
        hold(self)
        check(self)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Experiment":
        """Build an experiment from settings by their names; others keep their defaults.

        Raises:
            BadInput: a name is unknown, or a value is out of range.
        """
        known = homes()
        if unknown := sorted(set(settings) - set(known)):
            raise BadInput(f"Unknown settings: {', '.join(unknown)}.")
        parts: dict[str, dict[str, Any]] = {part: {} for part in SPECS}
        for name, value in settings.items():
            if home := known[name]:
                parts[home][name] = value
        seed = {"seed": settings["seed"]} if "seed" in settings else {}
        return cls(**{part: SPECS[part](**parts[part]) for part in SPECS}, **seed)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Experiment":
        """Rebuild from :meth:`to_dict`'s result, also after a trip through JSON.

        Raises:
            BadInput: a part or a field is unknown or out of range.
        """
        if unknown := sorted(set(values) - {*SPECS, "seed"}):
            raise BadInput(f"Unknown settings: {', '.join(unknown)}.")
        flat: dict[str, Any] = {}
        for part, given in values.items():
            if part == "seed":
                flat["seed"] = given
                continue
            if not isinstance(given, Mapping):
                raise BadInput(
                    f"{part} must be a table of settings, not {given!r:.60}."
                )
            strange = sorted(name for name in given if homes().get(name) != part)
            if strange:
                raise BadInput(f"Unknown settings in {part}: {', '.join(strange)}.")
            flat |= given
        return cls.of(flat)

    def to_dict(self) -> dict[str, Any]:
        """Return every setting in its part, ready for JSON."""
        return dataclasses.asdict(self)

    def settings(self) -> dict[str, Any]:
        """Return every setting by its name: what :meth:`of` takes."""
        return {
            name: getattr(getattr(self, home) if home else self, name)
            for name, home in homes().items()
        }

    def but(self, **settings: Any) -> "Experiment":
        """Return this experiment with other ``settings``, given by their names."""
        return Experiment.of(self.settings() | settings)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        if self.data.sample_shape is not None:
            return self.data.sample_shape
        side = self.data.image_size
        images = self.network.reads_images
        return (side, side, 1) if images else (self.data.input_dim,)

    def graph(self, role: Literal["teacher", "student"] = "student") -> Graph:
        """Return what the teacher, or every student, consists of."""
        net, mine = self.network, role == "student"
        widths = net.student_widths if mine else net.teacher_widths
        place = net.batch_norm if mine else net.teacher_batch_norm
        return draw(net.arch, self.input_shape, widths, net.outputs, place)

    def digest(self) -> str:
        """Name the experiment: 12 hex digits of what differs from the defaults.

        A size of the inputs that these inputs do not have does not count, of a file of
        images its bytes do and not its place, and a setting added later with a default
        does not rename old runs.
        """
        return self._named({"image_size", "input_dim"} - {self._size})

    def former_digest(self, seeds: int) -> str:
        """Name the experiment with its number of students, as formats 1 and 2 did."""
        more = {} if seeds == 1 else {"seeds": seeds}
        return self._named({"image_size", "input_dim"} - {self._size}, more)

    def first_digest(self, values: Mapping[str, Any]) -> str:
        """Name the experiment as format 1 did, from the ``values`` that were written.

        There 5 and 5.0 were two numbers, and sizes that no input had did count.
        """
        own = {name: value for name, value in values.items() if name in homes()}
        seeds = values.get("seeds", 1)
        return self._named(set(), {} if seeds == 1 else {"seeds": seeds}, own)

    @property
    def _size(self) -> str:
        """The setting that sizes the inputs; "" where the data do."""
        if self.data.sample_shape is not None:
            return ""
        return "image_size" if self.network.reads_images else "input_dim"

    def _named(
        self,
        silent: set[str],
        more: Mapping[str, Any] | None = None,
        written: Mapping[str, Any] | None = None,
    ) -> str:
        mine, values = self.settings(), written or self.settings()
        chosen = {
            field.name: values[field.name]
            for field in all_fields()
            if field.name in values
            and field.name not in silent
            and mine[field.name] != field.default
        } | dict(more or {})
        if self.data.data_digest:
            chosen["dataset"] = self.data.kind
        text = to_json(dict(sorted(chosen.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def homes() -> dict[str, str]:
    """Map every setting to its part of an experiment; the seed's is ""."""
    found = {f.name: part for part, spec in SPECS.items() for f in fields_of(spec)}
    return found | {"seed": ""}


@cache
def all_fields() -> tuple[Field, ...]:
    """Return every setting of an experiment, part by part."""
    parts = (field for spec in SPECS.values() for field in fields_of(spec))
    return (*parts, *fields_of(Experiment))
