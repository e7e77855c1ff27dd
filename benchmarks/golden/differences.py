"""Compare two folders of canonical results, and print the differences grouped.

A difference has a file, a field (a JSON path, a VCF or table column: the same for every record)
and a place (the record). Differences of one field are printed together.
"""

import difflib
import fnmatch
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ABSENT = "(absent)"
#: Keys that name the items of a JSON list of objects, in order of preference.
NAMING = ("id", "variant", "key", "name", "sample", "gene", "change", "row", "label", "title")
#: Columns that name the rows of a table; the fewest first columns do where none is unique.
NAMING_COLUMNS = ("variant", "id", "key", "name", "sample", "gene", "patient")
#: JSON objects whose keys are names of samples, genes or variants, not of fields.
BY_NAME = ("samples", "genes", "variants", "pairs", "patients", "tumours", "tumors", "contigs")
#: Width of a printed value.
WIDTH = 70


@dataclass(frozen=True)
class Difference:
    """One value that differs: `old` and `new` as text, `ABSENT` where there is none."""

    file: str
    field: str
    place: str
    old: str
    new: str


def text_of(value) -> str:
    """Return a JSON value as text, strings without quotes."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


# JSON


def naming_key(*lists: list) -> str | None:
    """Return the key whose values are present and unique in every list of objects."""
    for key in NAMING:
        if all(
            all(isinstance(item, dict) and isinstance(item.get(key), str) for item in items)
            and len({item[key] for item in items}) == len(items)
            for items in lists
        ):
            return key
    return None


def compare_json(old, new, field: str = "", place: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield (field, place, old, new) for every value that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        by_name = field.rsplit(".", 1)[-1] in BY_NAME
        for key in sorted(old.keys() | new.keys()):
            if by_name or not re.fullmatch(r"\w+", key):
                inner, at = f"{field}.*", f"{place} {key}".strip()
            else:
                inner, at = f"{field}.{key}".lstrip("."), place
            yield from _pair(old.get(key, ABSENT), new.get(key, ABSENT), inner, at)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(old, new, field, place)
    elif type(old) is not type(new) or old != new:
        yield field, place, text_of(old), text_of(new)


def _pair(old, new, field: str, place: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the differences of two values of which one may be absent."""
    if old is ABSENT or new is ABSENT:
        yield field, place, text_of(old), text_of(new)
    else:
        yield from compare_json(old, new, field, place)


def _compare_lists(old: list, new: list, field: str, place: str):
    inner = f"{field}[]"
    key = naming_key(old, new) if old and new else None
    if key:
        before, after = ({item[key]: item for item in items} for items in (old, new))
        for name in [*before, *(name for name in after if name not in before)]:
            at = f"{place} {name}".strip()
            yield from _pair(before.get(name, ABSENT), after.get(name, ABSENT), inner, at)
        kept = [name for name in before if name in after]
        order = [name for name in after if name in before]
        if kept != order:
            yield f"{field} (order)", place, ", ".join(kept), ", ".join(order)
    elif len(old) == len(new):
        for number, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from compare_json(a, b, inner, f"{place} [{number}]".strip())
    else:
        yield from _edited(list(map(text_of, old)), list(map(text_of, new)), inner, place)


def _edited(old: list[str], new: list[str], field: str, place: str):
    """Yield what was removed from, replaced in and added to a sequence of texts."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            continue
        for number in range(max(b - a, d - c)):
            before = old[a + number] if a + number < b else ABSENT
            after = new[c + number] if c + number < d else ABSENT
            at = a + number if before is not ABSENT else c + number
            yield field, f"{place} [{at}]".strip(), before, after


# VCF


def read_vcf(text: str) -> tuple[list[str], list[str], dict[str, list[str]]]:
    """Return header lines, column names, and the fields of every record by its allele."""
    header, columns, records = [], [], {}
    seen: Counter = Counter()
    for line in text.splitlines():
        if line.startswith("##"):
            header.append(line)
        elif line.startswith("#"):
            columns = line[1:].split("\t")
        else:
            fields = line.split("\t")
            key = f"{fields[0]}:{fields[1]}:{fields[3]}:{fields[4]}"
            seen[key] += 1
            records[key if seen[key] == 1 else f"{key} #{seen[key]}"] = fields
    return header, columns, records


def _header_fields(lines: list[str]) -> dict[str, str]:
    """Return the header by kind and ID; lines without ID by kind, repeated ones joined."""
    found: dict[str, str] = {}
    for line in lines:
        kind, _, value = line[2:].partition("=")
        match = re.match(r"<ID=([^,>]+)", value)
        name = f"{kind}.{match[1]}" if match else kind
        found[name] = f"{found[name]} | {value}" if name in found else value
    return found


def _info(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(";") if item not in ("", "."))
    return {key: value if sign else "set" for key, sign, value in pairs}


def _compare_maps(old: dict[str, str], new: dict[str, str], prefix: str, place: str):
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if before != after:
            yield f"{prefix}{key}", place, before, after


def _compare_record(place: str, old, new, old_columns, new_columns):
    # Of VCF's columns, 3 is ID, 6 QUAL, 7 FILTER, 8 INFO, 9 FORMAT.
    for column in (2, 5, 6):
        if old[column] != new[column]:
            yield old_columns[column], place, old[column], new[column]
    yield from _compare_maps(_info(old[7]), _info(new[7]), "INFO.", place)
    genotypes = []
    for fields, columns in ((old, old_columns), (new, new_columns)):
        names = fields[8].split(":") if len(fields) > 8 else []
        genotypes.append(
            {
                sample: dict(zip(names, data.split(":"), strict=False))
                for sample, data in zip(columns[9:], fields[9:], strict=True)
            }
        )
    for sample in [s for s in genotypes[0] if s in genotypes[1]]:
        yield from _compare_maps(
            genotypes[0][sample], genotypes[1][sample], "FORMAT.", f"{place} {sample}"
        )


def compare_vcf(old: str, new: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the differences of two VCFs: header, samples, records, fields."""
    old_header, old_columns, old_records = read_vcf(old)
    new_header, new_columns, new_records = read_vcf(new)
    yield from _compare_maps(_header_fields(old_header), _header_fields(new_header), "##", "")
    if old_columns[9:] != new_columns[9:]:
        yield "samples", "", ", ".join(old_columns[9:]), ", ".join(new_columns[9:])
    for key in sorted(old_records.keys() | new_records.keys()):
        if key not in new_records:
            yield "record", key, _brief(old_records[key]), ABSENT
        elif key not in old_records:
            yield "record", key, ABSENT, _brief(new_records[key])
        else:
            yield from _compare_record(
                key, old_records[key], new_records[key], old_columns, new_columns
            )


def _brief(fields: list[str]) -> str:
    """Return filter and genotypes of a record."""
    return " ".join([fields[6], *fields[9:]])


# tables


def _rows(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    if not lines:
        return [], []
    columns, *rows = [line.split("\t") for line in lines]
    return columns, [dict(zip(columns, row, strict=False)) for row in rows]


def _key_columns(columns: list[str], *tables: list[dict[str, str]]) -> list[str]:
    """Return the columns whose values name the rows of every table; none if none do."""

    def unique(names: list[str]) -> bool:
        return all(
            len({tuple(row.get(n) for n in names) for row in rows}) == len(rows) for rows in tables
        )

    for name in NAMING_COLUMNS:
        if name in columns and unique([name]):
            return [name]
    for count in range(1, len(columns) + 1):
        if unique(columns[:count]):
            first = columns[:count]
            telling = [n for n in first if len({row.get(n) for rows in tables for row in rows}) > 1]
            return telling if telling and unique(telling) else first
    return []


def compare_table(old: str, new: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the differences of two tables with a header line: comments, columns, rows, cells."""
    comments = [[li for li in text.splitlines() if li.startswith("#")] for text in (old, new)]
    yield from _edited(*comments, "comment", "")
    old_columns, old_rows = _rows(old)
    new_columns, new_rows = _rows(new)
    if old_columns != new_columns:
        yield from _edited(old_columns, new_columns, "columns", "")
    both = [name for name in old_columns if name in new_columns]
    keys = _key_columns(both, old_rows, new_rows)
    if not keys:
        yield from _edited(old.splitlines(), new.splitlines(), "line", "")
        return
    before, after = ({" ".join(row.get(k, "") for k in keys): row for row in rows}
                     for rows in (old_rows, new_rows))  # fmt: skip
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after or name not in before:
            shown = [ABSENT if rows is None else "; ".join(rows.values())
                     for rows in (before.get(name), after.get(name))]  # fmt: skip
            yield "row", name, *shown
            continue
        for column in both:
            a, b = before[name].get(column, ABSENT), after[name].get(column, ABSENT)
            if a != b:
                yield column, name, a, b
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield "(order of rows)", "", "", ""


# files and folders


def is_table(name: str) -> bool:
    """Return whether a file is a table with a header line; data_*.txt are cBioPortal's."""
    return name.endswith((".tsv", ".maf")) or Path(name).name.startswith("data_")


def renamed(name: str, text: str, names: dict[str, str]) -> str:
    """Return a canonical file with fields (JSON keys, INFO, FORMAT, columns) renamed."""

    def keys(value):
        if isinstance(value, dict):
            return {names.get(key, key): keys(item) for key, item in value.items()}
        return [keys(item) for item in value] if isinstance(value, list) else value

    if not names:
        return text
    if name.endswith(".json"):
        return json.dumps(keys(json.loads(text)), indent=1, sort_keys=True, ensure_ascii=False)
    if name.endswith(".vcf"):
        # Within a header line's ID, INFO and FORMAT; never within a value.
        words = "|".join(map(re.escape, names))
        field = re.compile(rf"(?<=[\t;:])({words})(?=[=;:\t])|(?<=^##INFO=<ID=)({words})(?=,)"
                           rf"|(?<=^##FORMAT=<ID=)({words})(?=,)", re.MULTILINE)  # fmt: skip
        return field.sub(lambda match: names[match[0]], text)
    if is_table(name):
        lines = text.splitlines(keepends=True)
        first = next((i for i, line in enumerate(lines) if not line.startswith("#")), None)
        if first is not None:
            lines[first] = re.sub(r"[^\t\n]+", lambda m: names.get(m[0], m[0]), lines[first])
        return "".join(lines)
    return text


def compare_file(name: str, old: str, new: str) -> list[Difference]:
    """Return the differences of two canonical files of the same name."""
    if old == new:
        return []
    if name.endswith(".json"):
        found = compare_json(json.loads(old), json.loads(new))
    elif name.endswith(".vcf"):
        found = compare_vcf(old, new)
    elif is_table(name):
        found = compare_table(old, new)
    else:
        found = _edited(old.splitlines(), new.splitlines(), "line", "")
    differences = [Difference(name, *one) for one in found]
    # The order of header lines or of INFO: nothing above sees it, and it is still another file.
    if not differences and not name.endswith(".json"):
        differences.append(Difference(name, "(layout)", "", "", ""))
    return differences


def compare_folders(
    old: Path, new: Path, new_names: dict[str, str] | None = None
) -> list[Difference]:
    """Return the differences of two folders of canonical files, old fields renamed."""

    def names(folder: Path) -> set[str]:
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}

    before, after = names(old), names(new)
    found = []
    for name in sorted(before | after):
        if name not in after:
            found.append(Difference(name, "file", "", "present", ABSENT))
        elif name not in before:
            found.append(Difference(name, "file", "", ABSENT, "present"))
        else:
            before_text = renamed(name, (old / name).read_text(), new_names or {})
            found += compare_file(name, before_text, (new / name).read_text())
    return found


def folded(differences: list[Difference]) -> tuple[list[Difference], dict[tuple[str, str], int]]:
    """Leave out what a later file repeats of an earlier stage's.

    The report holds the JSON of other stages under their names, and the VCFs of annotate and
    report are the caller's with more fields.

    Returns
    -------
    kept : list of Difference
    repeated : dict of (file, earlier file) to int
        Differences left out.
    """
    first: dict[tuple, str] = {}
    for one in sorted(differences, key=lambda d: d.file.startswith("report/")):
        stage = one.file.split("/")[0]
        for field in (f"{stage}.{one.field}", one.field):
            first.setdefault((Path(one.file).suffix, field, one.place, one.old, one.new), one.file)
    kept, repeated = [], Counter()
    for one in differences:
        key = (Path(one.file).suffix, one.field, one.place, one.old, one.new)
        if first[key] == one.file or one.field == "file":
            kept.append(one)
        else:
            repeated[one.file, first[key]] += 1
    return kept, repeated


def ignored(difference: Difference, names: Iterable[str]) -> bool:
    """Return whether a name (case apart, * and ? as in a shell) is a part of the field.

    A line of text has no field: it is ignored if both versions hold the name as a word.
    """
    if difference.field == "line":
        return all(
            any(re.search(rf"\b{re.escape(n)}\b", side, re.IGNORECASE) for n in names)
            for side in (difference.old, difference.new)
        )
    parts = [part.lower() for part in re.split(r"[.\[\]#]+", difference.field)]
    return any(fnmatch.fnmatchcase(part, n.lower()) for n in names for part in parts)


def shorten(text: str, width: int = WIDTH) -> str:
    """Return a text of at most `width` characters, the middle left out."""
    text = " ".join(text.split())
    half = (width - 5) // 2
    return text if len(text) <= width else f"{text[:half]} ... {text[-half:]}"


def shown_pair(old: str, new: str, width: int = WIDTH) -> str:
    """Return `old -> new`; what long texts begin with in common is left out."""
    if len(old) > width and len(new) > width:
        start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
        if start > width // 2:
            cut = start - width // 4
            old, new = f"... {old[cut:]}", f"... {new[cut:]}"
    return f"{shorten(old, width)} -> {shorten(new, width)}"


def printed(differences: list[Difference], limit: int = 4) -> list[str]:
    """Return lines: a file, its fields with the number of differences, some of each."""
    lines = []
    differences, repeated = folded(differences)
    by_file: dict[str, dict[str, list[Difference]]] = {}
    for one in differences:
        by_file.setdefault(one.file, {}).setdefault(one.field, []).append(one)
    for name, fields in by_file.items():
        lines.append(name)
        for field, found in fields.items():
            head = f"  {field}"
            if len(found) > 1:
                head += f"  ({len(found)})"
            # The same change at many places is said once.
            pairs: dict[tuple[str, str], list[str]] = {}
            for one in found:
                pairs.setdefault((one.old, one.new), []).append(one.place)
            rows = []
            for (old, new), places in list(pairs.items())[:limit]:
                place = places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")
                rows.append(f"{place}: {shown_pair(old, new)}".removeprefix(": "))
            if len(pairs) > limit:
                rows.append(f"... and {len(pairs) - limit} other changes")
            if len(rows) == 1 and len(head) + len(rows[0]) < 160:
                lines.append(f"{head}  {rows[0]}")
            else:
                lines += [head, *(f"    {row}" for row in rows)]
    for (name, earlier), count in repeated.items():
        lines.append(f"{name}: {count} more, as in {earlier}")
    return lines
