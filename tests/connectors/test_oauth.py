from connectors.oauth import code_challenge, link, new_code_verifier, unverified_claims


def test_the_challenge_of_the_standard_s_example() -> None:
    # RFC 7636, appendix B
    challenge = code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_verifiers_differ_and_are_long_enough() -> None:
    verifiers = {new_code_verifier() for _ in range(50)}

    assert len(verifiers) == 50
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)


def test_a_link_encodes_blanks_and_slashes() -> None:
    assert link("https://a.example/x", {"scope": "a b", "uri": "https://b/c"}) == (
        "https://a.example/x?scope=a%20b&uri=https%3A%2F%2Fb%2Fc"
    )


def test_claims_are_read_without_trust() -> None:
    token = "e30.eyJhdXRoZW50aWNhdGlvbl9ldmVudF9pZCI6ImEtMSJ9.x"

    assert unverified_claims(token) == {"authentication_event_id": "a-1"}
    assert unverified_claims("not a token") == {}
    assert unverified_claims("a.!!.c") == {}
