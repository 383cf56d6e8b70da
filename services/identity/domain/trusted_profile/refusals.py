"""Why a sign-in by Profil Zaufany is refused: a word for the audit log, and nothing for whoever tried."""

from enum import StrEnum


class Refusal(StrEnum):
    """Every reason has its own word; none says anything about a person."""

    # The way there and back
    TOO_MANY_BEGUN = "too_many_begun"
    ARTIFACT_MALFORMED = "artifact_malformed"
    UNKNOWN_REQUEST = "unknown_request"
    OTHER_BROWSER = "other_browser"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_USED = "request_used"
    NO_ARTIFACT = "no_artifact"

    # What kind of document came
    TOO_LARGE = "too_large"
    NOT_XML = "not_xml"
    DOCUMENT_TYPE = "document_type"
    COMMENT_OR_INSTRUCTION = "comment_or_instruction"
    SAME_ID_TWICE = "same_id_twice"
    SOAP_FAULT = "soap_fault"
    STRUCTURE = "structure"
    SEVERAL_RESPONSES = "several_responses"

    # Signatures
    ANSWER_UNSIGNED = "answer_unsigned"
    RESPONSE_UNSIGNED = "response_unsigned"
    SIGNATURE_ELSEWHERE = "signature_elsewhere"
    SIGNATURE_FORM = "signature_form"
    SIGNATURE_ALGORITHM = "signature_algorithm"
    SIGNATURE_REFERENCE = "signature_reference"
    SIGNATURE_INVALID = "signature_invalid"

    # The answer to our question for the artifact
    ANSWER_TO_ANOTHER = "answer_to_another"
    ANSWER_ISSUER = "answer_issuer"
    ANSWER_STALE = "answer_stale"

    # What login.gov.pl says of the sign-in
    AUTHENTICATION_FAILED = "authentication_failed"
    REQUEST_DENIED = "request_denied"
    STATUS_NOT_SUCCESS = "status_not_success"
    RESPONSE_TO_ANOTHER = "response_to_another"
    RESPONSE_ISSUER = "response_issuer"
    RESPONSE_DESTINATION = "response_destination"
    RESPONSE_STALE = "response_stale"

    # The encrypted assertion
    ASSERTION_NOT_ENCRYPTED = "assertion_not_encrypted"
    NO_ASSERTION = "no_assertion"
    SEVERAL_ASSERTIONS = "several_assertions"
    ENCRYPTION_ALGORITHM = "encryption_algorithm"
    DECRYPTION_FAILED = "decryption_failed"

    # What the assertion says
    ASSERTION_ISSUER = "assertion_issuer"
    OTHER_AUDIENCE = "other_audience"
    OTHER_RECIPIENT = "other_recipient"
    CONFIRMATION_METHOD = "confirmation_method"
    CONFIRMATION_TO_ANOTHER = "confirmation_to_another"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    LEVEL_UNKNOWN = "level_unknown"
    LEVEL_TOO_LOW = "level_too_low"
    ATTRIBUTE_MISSING = "attribute_missing"
    ATTRIBUTE_AMBIGUOUS = "attribute_ambiguous"
    PESEL_MALFORMED = "pesel_malformed"

    # Who it is
    UNKNOWN_PERSON = "unknown_person"
    NAMES_DIFFER = "names_differ"
    SEVERAL_PEOPLE = "several_people"
    NO_LEASE = "no_lease"
    ACCOUNT_CLOSED = "account_closed"


class RefusedError(Exception):
    """This sign-in is refused; `account_id` names the account it would have opened, where that is known."""

    def __init__(self, reason: Refusal, account_id: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.account_id = account_id
