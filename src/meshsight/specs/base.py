"""What every spec shares: frozen data, unknown keys refused with a suggestion, slots for variants, fingerprints."""

import hashlib
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic_core import PydanticCustomError, core_schema

from meshsight.core.errors import CallError, SpecError
from meshsight.core.files import dump_json
from meshsight.core.kinds import Kinds, did_you_mean

_NESTED = "nested_spec"

AnySpec = TypeVar("AnySpec", bound="Spec")


class Spec(BaseModel):
    """A piece of a recipe: immutable, JSON in and out, no arrays, no devices, no I/O."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in cast("dict[Any, Any]", data):
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    known = "" if hint else f"; known keys: {', '.join(cls.model_fields)}"
                    raise PydanticCustomError(
                        "unknown_key", "unknown key '{key}'{hint}", {"key": str(key), "hint": hint + known}
                    )
        return cast("Any", data)

    def evolve(self: "AnySpec", **changes: Any) -> "AnySpec":
        """Returns a copy with some fields changed, validated anew."""
        return type(self).model_validate({**self.model_dump(), **changes})


class VariantSpec(Spec):
    """The spec of one kind of something; the subclass narrows `kind` to a literal."""

    kind: str


@dataclass(frozen=True)
class Slot:
    """Marks a field that holds a variant: `Annotated[VariantSpec, Slot(KINDS)]`.

    Accepts a spec object, a mapping with `kind`, the bare name of a kind that needs no settings, or one of the kinds'
    `words`. Only the kind that is asked for is imported. Kinds in `without` are refused: those that hold such a slot
    themselves.
    """

    kinds: Kinds
    without: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda spec: spec.model_dump()),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        names = self._names
        choices = [handler(self.kinds.module(name).Spec.__pydantic_core_schema__) for name in names]
        return {"anyOf": [{"enum": [*names, *sorted(self.kinds.words)]}, *choices]}

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in self.kinds.names if name not in self.without)

    def _validate(self, value: Any) -> VariantSpec:
        if isinstance(value, VariantSpec):
            return value
        if isinstance(value, str):
            value = dict(self.kinds.words.get(value, {"kind": value}))
        data = cast("dict[str, Any]", value)
        if not isinstance(value, dict) or not isinstance(data.get("kind"), str):
            raise PydanticCustomError(
                "no_kind",
                "expected a {noun}: a kind ({names}) or a mapping with 'kind'",
                {"noun": self.kinds.noun, "names": ", ".join(self._names)},
            )
        if data["kind"] in self.without:
            raise PydanticCustomError(
                "unfit_kind",
                "'{kind}' cannot be used here; expected one of {names}",
                {"kind": data["kind"], "names": ", ".join(self._names)},
            )
        try:
            spec_type = self.kinds.module(data["kind"]).Spec
        except CallError as error:
            raise PydanticCustomError("unknown_kind", "{text}", {"text": str(error)}) from error
        try:
            return spec_type.model_validate(data)
        except ValidationError as error:
            raise PydanticCustomError(_NESTED, "invalid", {"errors": error.errors(include_url=False)}) from error


def _problems(errors: list[Any], prefix: tuple[int | str, ...]) -> list[str]:
    lines: list[str] = []
    for error in errors:
        where = (*prefix, *error["loc"])
        if error["type"] == _NESTED:
            lines += _problems(error["ctx"]["errors"], where)
            continue
        if error["type"] == "unknown_key":
            where = (*where, error["ctx"]["key"])
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
        message = error["msg"].removeprefix("Value error, ")
        given = error["input"]
        found = f" (found {given!r})" if isinstance(given, str | int | float | bool | None) else ""
        lines.append(f"{path or 'recipe'}: {message}{found}")
    return lines


def parse_spec(spec_type: type[AnySpec], data: Any, where: str) -> AnySpec:
    """Validates plain data as a spec.

    Args:
        spec_type: the spec to build.
        data: mappings, lists and scalars, as YAML or JSON gives them.
        where: the file or flag that the data came from, for messages.

    Raises:
        SpecError: one line for each thing that is wrong, with its path.
    """
    if not isinstance(data, dict):
        raise SpecError(f"{where}: expected a mapping of keys to values, found {type(data).__name__}")
    try:
        return spec_type.model_validate(data)
    except ValidationError as error:
        problems = _problems(error.errors(include_url=False), ())
        raise SpecError("\n".join(f"{where}: {problem}" for problem in problems)) from error


def fingerprint(spec: Spec) -> str:
    """Returns 16 hexadecimal digits that name a spec by its content."""
    return hashlib.sha256(dump_json(spec.model_dump(mode="json")).encode()).hexdigest()[:16]
