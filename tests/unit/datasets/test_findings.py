"""Cases become findings."""

from dataclasses import replace

from meshsight.datasets.format import FORMAT_KINDS
from meshsight.datasets.inspection.checking import CHECK_KINDS, LABEL_CHECK_KINDS, default_checks, known_faults
from meshsight.datasets.inspection.findings import Case, Fault, Ledger

BAD = Fault(code="bad", severity="error", message="bad things", advice="mend them")
ODD = replace(BAD, code="an_odd_one", severity="warning")


def cases(fault: Fault, count: int) -> list[Case]:
    return [Case(fault=fault, detail=f"case {number}", image=f"{number}.png") for number in range(count)]


def test_errors_come_first_with_all_counted_and_few_kept():
    ledger = Ledger(num_shown=3)
    ledger.add(cases(ODD, 2))
    for case in cases(BAD, 10_000):
        ledger.add([case])
    bad, odd = ledger.findings()
    assert (bad.code, bad.severity, bad.count, odd.code, odd.count) == ("bad", "error", 10_000, "an_odd_one", 2)
    assert [case.detail for case in bad.cases] == ["case 0", "case 1", "case 2"]
    assert (bad.message, bad.advice) == (BAD.message, BAD.advice)


def test_no_case_is_no_finding():
    assert Ledger().findings() == ()


def test_a_place_is_said_as_far_as_it_is_known():
    case = Case(fault=BAD, detail="x", split="train", image="a.png", object=3)
    assert case.place == "train, a.png, object 3"
    assert replace(case, split="", object=0).place == "a.png, object 0"
    assert replace(case, split="", image=None, object=None).place == ""


def test_codes_are_stable_names_each_with_advice():
    faults = known_faults()
    codes = [fault.code for fault in faults]
    assert len(codes) == len(set(codes)) >= 33
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)
    assert all(fault.message and fault.advice and not fault.advice.endswith(".") for fault in faults)


def test_checks_are_found_by_their_files():
    assert [CHECK_KINDS.module(kind).Spec().kind for kind in CHECK_KINDS.names] == list(CHECK_KINDS.names)
    assert len(default_checks()) == len(CHECK_KINDS.names) == 8
    assert set(LABEL_CHECK_KINDS.names) <= set(FORMAT_KINDS.names)
