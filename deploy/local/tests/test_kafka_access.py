"""Who may do what on Kafka, tried for real with every user's own password."""

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from deploy.local import kafka, kafka_access
from deploy.local.kafka import KafkaAccess, KafkaNode
from deploy.local.progress import StackError
from libs.events.topics import ACCOUNTS, CHARGES, LEASES, PAYMENTS, TOPICS, dead_letters

pytestmark = pytest.mark.system

ANSWER_SECONDS = 15.0
SILENCE_SECONDS = 1.0
AT_THE_END = KafkaError._PARTITION_EOF
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED
GROUP_REFUSED = KafkaError.GROUP_AUTHORIZATION_FAILED


def write(access: KafkaAccess, topic: str) -> KafkaError | None:
    """Write one record, idempotently; the error if it was refused."""
    answers: list[KafkaError | None] = []
    settings = {**access.client_settings(), "enable.idempotence": True, "message.timeout.ms": 10_000}
    producer = Producer(settings)
    producer.produce(topic, b"{}", b"key", on_delivery=lambda error, _: answers.append(error))
    producer.flush(ANSWER_SECONDS)
    return answers[0]


def read(access: KafkaAccess, topic: str, group: str) -> int | None:
    """Fetch from a partition and commit; the code of the error if one of these was refused."""
    consumer = Consumer({**access.client_settings(), "group.id": group, "enable.partition.eof": True})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        told = consumer.poll(SILENCE_SECONDS)  # a topic that one may not even see stays silent; the commit is refused
        error = told.error() if told is not None else None
        if error is not None and error.code() != AT_THE_END:
            return int(error.code())
        consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
    except KafkaException as refused:
        return int(refused.args[0].code())
    finally:
        consumer.close()
    return None


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("ledger", CHARGES),
        ("ledger", dead_letters("ledger")),
        ("payments", PAYMENTS),
        ("identity", ACCOUNTS),
        ("company", LEASES),
        ("company", CHARGES),
    ],
)
def test_owners_and_company_systems_write_their_topics(kafka_node: KafkaNode, user: str, topic: str) -> None:
    assert write(kafka_node.access(user), topic) is None


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("ledger", PAYMENTS),
        ("payments", CHARGES),
        ("identity", LEASES),
        ("payments", dead_letters("ledger")),
        ("company", PAYMENTS),
        ("company", dead_letters("ledger")),
    ],
)
def test_nobody_writes_what_is_not_theirs(kafka_node: KafkaNode, user: str, topic: str) -> None:
    refused = write(kafka_node.access(user), topic)
    assert refused is not None
    assert refused.code() == REFUSED


@pytest.mark.parametrize("topic", list(TOPICS))
def test_a_company_system_reads_every_topic_of_events_in_a_group_of_its_own(kafka_node: KafkaNode, topic: str) -> None:
    assert read(kafka_node.access("company"), topic, "erp-nightly") is None


@pytest.mark.parametrize("service", kafka_access.SERVICES)
def test_a_company_system_reads_no_dead_letters(kafka_node: KafkaNode, service: str) -> None:
    assert read(kafka_node.access("company"), dead_letters(service), "erp") == REFUSED


def test_a_company_system_never_joins_a_group_of_ours(kafka_node: KafkaNode) -> None:
    assert read(kafka_node.access("company"), CHARGES, "iok-ledger") == GROUP_REFUSED


def test_a_service_reads_what_it_needs_in_groups_of_its_own_only(kafka_node: KafkaNode) -> None:
    ledger = kafka_node.access("ledger")
    assert read(ledger, PAYMENTS, "iok-ledger-book-2") is None
    assert read(ledger, PAYMENTS, "iok-payments") == GROUP_REFUSED
    assert read(ledger, ACCOUNTS, "iok-ledger") == REFUSED


def test_a_wrong_password_is_named_as_such(kafka_node: KafkaNode) -> None:
    access = kafka_node.access()
    wrong = KafkaAccess(access.bootstrap, access.security, username="ledger", password="wrong")
    with pytest.raises(StackError, match="refuses user 'ledger'"):
        kafka.wait_ready(wrong)


def test_making_topics_and_users_again_changes_nothing(kafka_node: KafkaNode) -> None:
    kafka_access.ensure_topics(kafka_node.access())
    kafka_access.ensure_users(kafka_node.access(), {"ledger": kafka_node.password("ledger")})
    assert write(kafka_node.access("ledger"), CHARGES) is None
    assert read(kafka_node.access("company"), CHARGES, "erp") is None
