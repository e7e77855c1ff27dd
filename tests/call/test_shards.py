"""A call in shares: the same bytes as in one go, and every wrong set of shares refused."""

import functools
import json

import numpy as np
import pytest
from callkit import Patient, Read, Variant, other, put, random_sequence, write_sites

from resistpanel.call.caller import Caller
from resistpanel.call.io import regions, shards
from resistpanel.call.io.collection import Collection
from resistpanel.cli import main
from resistpanel.core.errors import InputError

SEQUENCE = put(random_sequence(2200, 91), 1300, "A" * 10)
TARGETS = [(500, 900), (950, 1000), (1250, 1500)]
BOTH, HET = {"pre": 0.2, "post": 0.3}, {"normal": 0.5, "pre": 0.5, "post": 0.5}


def snv(pos, af, **more) -> Variant:
    """Return an SNV."""
    return Variant(pos, SEQUENCE[pos], other(SEQUENCE[pos]), af, **more)


VARIANTS = [
    # in phase over the chunks' borders and within them
    snv(560, BOTH, block=1),
    snv(590, BOTH, block=1),
    Variant(640, SEQUENCE[640:642], "".join(map(other, SEQUENCE[640:642])), {"post": 0.2}),
    snv(700, HET),
    Variant(720, SEQUENCE[720:726], "", BOTH),
    Variant(800, "", SEQUENCE[800:830], {"post": 0.3}, clip=True),
    snv(970, {"post": 0.15}),
    Variant(1300, "A", "", {"post": 0.4}),
    snv(1400, BOTH, only=lambda f: f.first_forward),
]
#: Chunks of so many bases: nine of them.
BASES = 100


def read(name: str, pos: int, cigar: str, **more) -> Read:
    """Return a read of the reference's bases."""
    return Read(name, "chr1", pos, cigar, SEQUENCE[pos : pos + 100], **more)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A patient with reads that are left out, some of them over the chunks' borders."""
    folder = tmp_path_factory.mktemp("patient")
    extra = [read(f"gap{n}", 450 + 7 * n, "60M20000N40M") for n in range(40)]
    extra += [read(f"bare{n}", 450 + 9 * n, "100M", quality="*") for n in range(40)]
    extra += [read(f"low{n}", 480 + 11 * n, "100M", mapq=3) for n in range(40)]
    samples = {"normal": 60, "pre": 90, "post": 90}
    made = Patient(SEQUENCE, TARGETS, VARIANTS, samples, extra={"post": extra}).write(folder)
    rows = [("chr1", 551, "absent", SEQUENCE[550], other(SEQUENCE[550]))]
    rows += [("chr1", v.pos + 1, "v", v.ref, v.alt) for v in VARIANTS[:2]]
    # of two bases, over the end of a chunk and of a target
    for pos in (599, 999):
        alt = "".join(map(other, SEQUENCE[pos : pos + 2]))
        rows.append(("chr1", pos + 1, "mnv", SEQUENCE[pos : pos + 2], alt))
    write_sites(folder / "sites.vcf", rows)
    return made


@pytest.fixture(autouse=True, scope="module")
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "chunks", functools.partial(regions.chunks, bases=BASES))
        yield


def command(written, *more: object, sites: bool = True) -> list[str]:
    """Return the command line without what it writes."""
    words = ["call", "--reference", written.reference, "--targets", written.targets]
    words += ["--normal", written.bams["normal"]]
    words += ["--tumor", written.bams["pre"], "--tumor", written.bams["post"]]
    words += ["--sites", written.reference.parent / "sites.vcf"] if sites else []
    return [str(word) for word in (*words, *more)]


@pytest.fixture(scope="module")
def whole(written, tmp_path_factory):
    """The call in one go."""
    path = tmp_path_factory.mktemp("whole") / "o.vcf.gz"
    assert main(command(written, "--output", path)) == 0
    return path


def shares(written, folder, n: int, *more: object) -> list:
    """Write the shares of a call."""
    paths = [folder / f"{k}.npz" for k in range(1, n + 1)]
    for k, path in enumerate(paths, 1):
        words = command(written, "--shard", f"{k}/{n}", "--evidence", path, *more)
        assert main(words) == 0
    return paths


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
def test_the_same_bytes(written, whole, tmp_path, n, capfd):
    """Also with more shards than chunks, and named in another order."""
    capfd.readouterr()
    paths = shares(written, tmp_path, n)
    assert capfd.readouterr().err == ""
    output = tmp_path / "o.vcf.gz"
    assert main(command(written, "--gather", *reversed(paths), "--output", output)) == 0
    assert output.read_bytes() == whole.read_bytes()
    assert output.with_name("o.vcf.gz.tbi").read_bytes() == (
        whole.with_name("o.vcf.gz.tbi").read_bytes()
    )
    # what was left out is told once, by the gathering
    said = capfd.readouterr().err
    assert "40 reads were left out: their alignments" in said
    assert "40 reads were left out: they have no base" in said


def test_the_patient_is_worth_the_trouble(whole):
    """Calls, phase, germline, absent sites and left-out reads are in what is compared."""
    import pysam

    with pysam.VariantFile(str(whole)) as handle:
        records = list(handle)
        text = str(handle.header)
    filters = [tuple(r.filter) for r in records]
    assert filters.count(("PASS",)) >= 7
    assert ("germline",) in filters
    assert ("absent",) in filters
    assert any("PHASE" in r.info for r in records)
    assert "##resistpanel_left_out_post=gaps:40,no_qualities:40" in text


def test_every_chunk_in_one_share():
    def chunk(start, size):
        return regions.Chunk("c", np.array([start]), np.array([start + size]), -1)

    chunks = [chunk(1000 * n, 1 + 37 * n % 101) for n in range(23)]
    for n in (1, 2, 5, 22, 23, 24, 100):
        parts = [shards.share(chunks, k, n) for k in range(1, n + 1)]
        assert [c for part in parts for c in part] == chunks
    quarters = [shards.share(chunks, k, 4) for k in (1, 2, 3, 4)]
    sizes = [sum(int((c.ends - c.starts).sum()) for c in part) for part in quarters]
    assert max(sizes) - min(sizes) <= 2 * 101
    assert shards.share([], 1, 3) == []


class TestFile:
    @pytest.fixture
    def caller(self, written):
        return Caller(written.settings(sites=str(written.reference.parent / "sites.vcf")))

    def test_what_is_read_is_what_was_written(self, caller, tmp_path):
        found = caller.read(caller.chunks[2:5])
        assert found.candidates
        path = tmp_path / "e.npz"
        shards.save(path, found, shards.stamp(caller), 1, 2)
        head, again = shards.load(path)
        again.ask(caller.sites)
        assert (head["shard"], head["shards"]) == (1, 2)
        same(found, again)

    def test_the_same_bytes_of_evidence(self, caller, tmp_path):
        for name in ("a", "b"):
            shards.save(tmp_path / name, caller.read(caller.chunks[:1]), shards.stamp(caller), 1, 9)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_of_no_chunk(self, caller, tmp_path):
        shards.save(tmp_path / "e", caller.read([]), shards.stamp(caller), 1, 1)
        _, again = shards.load(tmp_path / "e")
        same(Collection.empty(3), again)

    def test_no_objects_are_unpickled(self, caller, tmp_path):
        """A file of the same name that holds Python objects is refused, not run."""
        path = tmp_path / "e.npz"
        np.savez(path, head=np.array([{"a": 1}], dtype=object))
        with pytest.raises(InputError, match="no evidence of"):
            shards.load(path)


def same(one: Collection, two: Collection) -> None:
    """Assert that two collections are equal in every number."""
    for name in ("thinned", "bases", "crowded"):
        assert getattr(one, name) == getattr(two, name)
    for name in ("reads", "gapped", "no_qualities", "sums"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    for a, b in zip(one.error_counts, two.error_counts, strict=True):
        for name in shards.SUMMED:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
            assert getattr(a, name).dtype == getattr(b, name).dtype
        for x, y in zip(a.sites, b.sites, strict=True):
            for name in ("context", "depth", "counts", "variant"):
                np.testing.assert_array_equal(getattr(x, name), getattr(y, name))
    for a, b in zip(one.candidates, two.candidates, strict=True):
        assert (a.allele, a.context, a.sites, a.forced, a.phase) == (
            b.allele, b.context, b.sites, b.forced, b.phase
        )  # fmt: skip
        assert (a.misread is None) == (b.misread is None)
        if a.misread is not None:
            np.testing.assert_array_equal(a.misread, b.misread)
        for x, y in zip(a.support, b.support, strict=True):
            assert (x.rows == y.rows).all()
            assert (x.rows.dtype, x.low_mapq, x.mapq) == (y.rows.dtype, y.low_mapq, y.mapq)
            np.testing.assert_array_equal(x.depth, y.depth)


class TestFaults:
    """One line, exit status 2, nothing written."""

    @pytest.fixture(scope="class")
    @classmethod
    def paths(cls, written, tmp_path_factory):
        return shares(written, tmp_path_factory.mktemp("shares"), 3)

    @pytest.fixture
    def fails(self, written, tmp_path, capfd):
        def check(words, message):
            capfd.readouterr()
            assert main([str(w) for w in words]) == 2
            assert capfd.readouterr().err == f"resistpanel: error: {message}\n"
            assert not list(tmp_path.glob("*.vcf.gz*"))

        return check

    def gather(self, written, tmp_path, paths, **more):
        words = command(written, "--gather", *paths, "--output", tmp_path / "o.vcf.gz")
        return words + [str(w) for pair in more.items() for w in pair]

    def test_missing(self, written, tmp_path, paths, fails):
        words = self.gather(written, tmp_path, [paths[1]])
        fails(words, "--gather: of 3 shards 1, 3 missing; give them all")

    def test_twice(self, written, tmp_path, paths, fails):
        words = self.gather(written, tmp_path, [*paths, paths[1]])
        fails(words, f"{paths[1]}: is shard 2 of 3, as is {paths[1]}; give each once")

    def test_of_another_number(self, written, tmp_path, paths, fails):
        other_path = shares(written, tmp_path, 2)[0]
        words = self.gather(written, tmp_path, [paths[0], other_path])
        fails(
            words,
            f"{other_path}: is one of 2 shards, {paths[0]} one of 3; give the shards of one call",
        )

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            (["--min-qual", "13"], "min-qual: 12, not 13"),
            (["--min-mapq", "1"], "min-mapq: 20, not 1"),
            (["--padding", "2"], "targets"),
        ],
    )
    def test_of_other_options(self, written, tmp_path, paths, fails, more, told):
        words = self.gather(written, tmp_path, paths) + more
        cure = "recreate it with the options and files of this call"
        fails(words, f"{paths[0]}: was made with other {told}; {cure}")

    def test_of_other_sites(self, written, tmp_path, paths, fails):
        words = command(written, "--gather", *paths, "--output", tmp_path / "o.vcf.gz", sites=False)
        cure = "recreate it with the options and files of this call"
        # an MNV that is asked for widens a target
        fails(words, f"{paths[0]}: was made with other targets; {cure}")

    def test_of_other_samples(self, written, tmp_path, paths, fails):
        words = self.gather(written, tmp_path, paths)
        words[words.index(str(written.bams["pre"]))] = str(written.bams["post"])
        words[len(words) - 1 - words[::-1].index(str(written.bams["post"]))] = str(
            written.bams["pre"]
        )
        cure = "recreate it with the options and files of this call"
        fails(words, f"{paths[0]}: was made with other samples; {cure}")

    def test_of_another_version(self, written, tmp_path, paths, fails, monkeypatch):
        monkeypatch.setattr(shards, "__version__", "9.9")
        words = self.gather(written, tmp_path, paths)
        cure = "recreate it with the options and files of this call"
        made = shards.load(paths[0])[0]["common"]["version"]
        fails(words, f"{paths[0]}: was made by version {made}, not 9.9; {cure}")

    def test_of_another_format(self, written, tmp_path, paths, fails, monkeypatch):
        monkeypatch.setattr(shards, "FORMAT", "resistpanel/call-evidence/8")
        words = self.gather(written, tmp_path, paths)
        fails(
            words,
            f"{paths[0]}: is of format resistpanel/call-evidence/7, not "
            "resistpanel/call-evidence/8; recreate it with this version of resistpanel",
        )

    @pytest.mark.parametrize("kind", ["absent", "empty", "text", "cut", "changed", "no head"])
    def test_broken(self, written, tmp_path, paths, fails, kind):
        path = tmp_path / "broken.npz"
        data = paths[0].read_bytes()
        if kind == "no head":
            np.savez(path, other=np.zeros(3))
        elif kind != "absent":
            made = {"empty": b"", "text": b"no archive", "cut": data[: len(data) // 2]}
            flipped = bytearray(data)
            for at in range(2000, len(data) - 2000, 97):
                flipped[at] ^= 255
            path.write_bytes(made.get(kind, bytes(flipped)))
        words = self.gather(written, tmp_path, [path, *paths[1:]])
        message = "cannot be read (No such file or directory)"
        if kind != "absent":
            message = "is no evidence of `resistpanel call --shard`, or damaged; recreate it"
        fails(words, f"{path}: {message}")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--shard", "1/2"], "--shard and --evidence: need each other"),
            (["--evidence", "e"], "--shard and --evidence: need each other"),
            (["--shard", "3/2"], "--shard 3/2: is no share; give 1/4 to 4/4, for four"),
            (["--shard", "0/2"], "--shard 0/2: is no share; give 1/4 to 4/4, for four"),
            (["--shard", "a"], "--shard a: is no share; give 1/4 to 4/4, for four"),
            (
                ["--shard", "1/2", "--output", "o.vcf.gz"],
                "--shard: does not go with --output; it writes --evidence alone",
            ),
            (
                ["--shard", "1/2", "--gather", "x"],
                "--shard: does not go with --gather; it writes --evidence alone",
            ),
            (["--shard", "1/2", "--build-pon"], "--shard: does not go with --build-pon"),
            (["--gather", "x", "--build-pon"], "--gather: does not go with --build-pon"),
            ([], "--output: the output must end in .vcf.gz"),
        ],
    )
    def test_arguments(self, written, tmp_path, fails, words, message):
        more = ["--evidence", str(tmp_path / "e")] if "--shard" in words and words[1:] else []
        if words == ["--shard", "1/2"] and "need" in message:
            more = []
        fails(command(written, *words, *more), message)

    def test_bare_reads_are_judged_when_all_is_gathered(self, written, tmp_path, caller_of):
        """A share may have none but reads without qualities; the sample has others."""
        caller = caller_of(written)
        found = caller.read(caller.chunks[:1])
        found.reads[:] = 0
        found.no_qualities[:] = 5
        shards.save(tmp_path / "e", found, shards.stamp(caller), 1, 1)
        with pytest.raises(InputError, match="none of its 5 usable reads has base qualities"):
            caller.use_evidence(shards.gather([tmp_path / "e"], caller))
        rest = caller.read(caller.chunks[1:])
        merged = shards.merge([found, rest], {})
        caller.use_evidence(merged)
        assert merged.no_qualities[0] == 5


@pytest.fixture
def caller_of():
    return lambda written: Caller(written.settings())


def test_head_is_json(written, tmp_path):
    """What a file is of can be read without this program."""
    (path,) = shares(written, tmp_path, 1)
    with np.load(path) as arrays:
        head = json.loads(arrays["head"].tobytes())
    assert head["format"] == shards.FORMAT
    assert head["common"]["samples"] == ["normal", "pre", "post"]
