"""Words that a shell offers for an argument: patients, drugs, profiles."""

from pathlib import Path

from resistpanel.core.files import HOME


def patients(prefix: str = "", parsed_args=None, **_) -> list[str]:
    """Return the patients of the results that the arguments so far name."""
    given = getattr(parsed_args, "directory", None) or Path()
    results = getattr(parsed_args, "results", None)
    if results is None:
        from resistpanel.inputs.config import read

        try:
            config = read(given / (getattr(parsed_args, "config", None) or "config.yaml"))
            results = config.get("outdir") or "results"
        except Exception:  # a shell that completes shows no error
            results = "results"
    return sorted(path.stem for path in (given / results / "compare").glob("*.json"))


def drugs(prefix: str = "", **_) -> list[str]:
    """Return the drugs of the catalogue, in small letters, with their codes and brands."""
    from resistpanel.catalog.drugs import load_drugs

    names = {name for drug in load_drugs() for name in (drug.name, *drug.aliases)}
    return sorted(name for name in names if name.lower().startswith(prefix.lower()))


def profiles(prefix: str = "", **_) -> list[str]:
    """Return the shipped profiles."""
    folder = HOME / "workflow" / "profiles"
    return sorted(path.name for path in folder.glob("*") if (path / "config.yaml").is_file())


#: By the name of the argument.
COMPLETERS = {"patient": patients, "drug": drugs, "profile": profiles}
