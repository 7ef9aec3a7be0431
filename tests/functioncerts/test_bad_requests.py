"""A corpus of requests that are not certified, each refused with its reason (domain.md 5)."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID

from ca.errors import KeyRefused
from ca.pki.csr import parse_csr
from ca.pki.csr_faults import FAULTS, fault_of
from functioncerts.errors import Refused, RequestInvalid
from functioncerts.models import FunctionOrder
from functioncerts.rehearsal import rehearse
from functioncerts.requests_read import refused
from portal import problems
from portal.pages.orderer.function_words import FINDINGS
from portal.wordings.weaknesses import NOT_REQUESTS
from tests.functioncerts.conftest import SERVER, Stage, request_for
from tests.functioncerts.test_lifecycle import delivered

CORPUS = Path(__file__).parents[1] / "vectors" / "bad_requests"


def reasons() -> dict[str, tuple[str, ...]]:
    """Return the check, its reason and what was sent instead, for each file."""
    lines = (CORPUS / "reasons.txt").read_text("utf-8").splitlines()[1:]
    told = dict(line.split(": ") for line in lines)
    return {name: tuple(why.split(" ")) for name, why in told.items()}


def why_not(stage: Stage, content: bytes) -> RequestInvalid:
    """Return the refusal of a request, as the form and the API get it."""
    try:
        rehearse(hsa_id=SERVER, csr=content, names=(), actor=stage.cast.bo, at=stage.at)
    except RequestInvalid as error:
        return error
    except KeyRefused as error:
        return refused(error)
    pytest.fail("it was taken")


def test_every_file_is_refused_for_its_reason_in_words_that_say_it(stage: Stage) -> None:
    """F18: no file raises anything else, and who made it is told that they can mend it."""
    wanted = reasons()
    assert set(wanted) == {file.name for file in CORPUS.iterdir()} - {"reasons.txt"}
    general = problems.of_code("certificate_request_invalid").text
    errors = {name: why_not(stage, (CORPUS / name).read_bytes()) for name in wanted}
    told = {name: (one.facts["check"], *_reason(one.facts)) for name, one in errors.items()}
    assert told == wanted
    assert {one.facts["fixer"] for one in errors.values()} == {"you"}
    assert [name for name, one in errors.items() if problems.explain(one).text in {"", general}] == []
    assert not FunctionOrder.objects.exists()


def _reason(facts: Mapping[str, str]) -> tuple[str, ...]:
    found = (facts.get("reason") or facts.get("weakness") or "", facts.get("fault", ""))
    return tuple(one for one in found if one)


def test_each_thing_that_is_no_request_has_its_own_sentence() -> None:
    """Beside those of the corpus: another block, signs between the lines, a text editor's mark."""
    assert set(NOT_REQUESTS) == FAULTS
    assert len({str(text) for text in NOT_REQUESTS.values()}) == len(FAULTS)
    corpus = {why[2] for why in reasons().values() if len(why) > 2}
    assert {*corpus, "another_block"} == FAULTS
    assert fault_of(b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----") == "another_block"
    assert parse_csr(b"\xef\xbb\xbf" + request_for()).key == "ec-p256"


def test_what_is_left_aside_is_said_for_every_part_of_the_request(stage: Stage) -> None:
    """F18: names of every kind, extensions, attributes, and a key that has served before."""
    key = ec.generate_private_key(ec.SECP256R1())

    def more(builder: x509.CertificateSigningRequestBuilder) -> x509.CertificateSigningRequestBuilder:
        names = [x509.IPAddress(ip_address("10.0.0.1")), x509.RFC822Name("a@b.test"), x509.DNSName("c.test")]
        return (
            builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"hemligt")
        )

    content = request_for(key, common_name="evil.test", change=more)
    delivered(stage, SERVER, csr=content)
    wish = rehearse(hsa_id=SERVER, csr=content, names=(), actor=stage.cast.bo, at=stage.at)
    said = {one.code: dict(one.facts) for one in wish.request.findings}
    assert said == {
        "subject_ignored": {"subject": "CN=evil.test"},
        "names_ignored": {"names": "c.test, IP:10.0.0.1, email:a@b.test"},
        "extensions_ignored": {"extensions": "basicConstraints"},
        "attributes_ignored": {"attributes": "challengePassword"},
        "key_used_before": {"function": SERVER},
    }
    assert {*said, "key_short"} == set(FINDINGS)
    for code, facts in said.items():
        assert str(FINDINGS[code][1]) % facts
    assert wish.names == ("journal.regionnorr.test",)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([f"n{number}.journal.regionnorr.test" for number in range(21)], "number_of_names"),
        (["journal.regionsyd.test"], "name_outside_validated"),
        (["*.journal.regionnorr.test"], "name_not_allowed"),
        (["10.0.0.1"], "name_not_allowed"),
        (["journal"], "name_not_allowed"),
        (["journal.regionnorr.test\0.evil.test"], "name_not_allowed"),
    ],
)
def test_names_that_may_not_be_certified_stop_a_good_request(
    stage: Stage, names: list[str], code: str
) -> None:
    """F19."""
    with pytest.raises(Refused) as caught:
        rehearse(hsa_id=SERVER, csr=request_for(), names=names, actor=stage.cast.bo, at=stage.at)
    assert caught.value.refusal.code == code


def test_an_object_without_names_is_told_to_name_some(stage: Stage) -> None:
    stage.server.name_validations.all().delete()
    with pytest.raises(Refused) as caught:
        rehearse(hsa_id=SERVER, csr=request_for(), names=(), actor=stage.cast.bo, at=stage.at)
    assert caught.value.refusal.code == "number_of_names"
