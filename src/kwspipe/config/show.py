"""Text of ``--cfg job``: the configuration grouped by the stages that read it."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

WIDTH = 110


class _Dumper(yaml.SafeDumper):
    """Writes lists, and mappings of single values, on one line where they fit."""


class _Section(dict[str, Any]):
    """The keys below a heading, each on a line of its own."""


def _sequence(dumper: yaml.SafeDumper, values: Sequence[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


def _mapping(dumper: yaml.SafeDumper, values: Mapping[str, Any]) -> yaml.Node:
    scalars = not any(isinstance(value, dict | list) for value in values.values())
    inline = scalars and (isinstance(values, _Nested) or len(str(dict(values))) <= WIDTH - 20)
    return dumper.represent_mapping("tag:yaml.org,2002:map", values.items(), flow_style=inline)


class _Nested(dict[str, Any]):
    """A mapping within a group. It is written inline if it contains single values only."""


def _nested(value: Any) -> Any:
    return (
        _Nested({key: _nested(inner) for key, inner in value.items()}) if isinstance(value, dict) else value
    )


def _group(value: Any) -> Any:
    return {key: _nested(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _section(dumper: yaml.SafeDumper, values: _Section) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", values.items(), flow_style=False)


_Dumper.add_representer(_Section, _section)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(_Nested, _mapping)


def text(config: Mapping[str, Any], readers: Mapping[str, Sequence[str]]) -> str:
    """Returns the configuration as YAML with a heading per stage.

    Args:
        config: the composed configuration as plain data.
        readers: the groups and keys that each configured stage reads, by stage in their order. A group that several
            stages read is written once, below the first of them.
    """
    rest = dict(config)
    groups = {key for key, value in config.items() if isinstance(value, dict)}
    sections = [("run", _Section({key: rest.pop(key) for key in config if key not in groups}))]
    for stage, keys in readers.items():
        sections.append((stage, _Section({key: _group(rest.pop(key)) for key in keys if key in rest})))
    lines = [
        f"# {heading}\n{yaml.dump(part, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)}"
        for heading, part in sections
        if part
    ]
    if rest:
        lines.append(
            f"# not read by these stages; show a group with --package <group>:\n# {', '.join(sorted(rest))}\n"
        )
    return "".join(lines)
