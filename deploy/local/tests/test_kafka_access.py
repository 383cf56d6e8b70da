"""Who may do what on Kafka, tried for real with every user's own password."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from deploy.local import kafka, kafka_access
from deploy.local.kafka import KafkaAccess, KafkaNode
from deploy.local.progress import StackError
from libs.events.topics import ACCOUNTS, CHARGES, LEASES, PAYMENTS, TOPICS, dead_letters

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("broker")]  # one worker needs one broker

ANSWER_SECONDS = 15.0
AT_THE_END = KafkaError._PARTITION_EOF
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED
GROUP_REFUSED = "GroupAuthorizationFailedError"
TRIES = 100
PAUSE_SECONDS = 0.1


def write(access: KafkaAccess, topic: str) -> KafkaError | None:
    """Write one record, idempotently; the error if it was refused."""
    answers: list[KafkaError | None] = []
    settings = {**access.client_settings(), "enable.idempotence": True, "message.timeout.ms": 10_000}
    producer = Producer(settings)
    producer.produce(topic, b"{}", b"key", on_delivery=lambda error, _: answers.append(error))
    producer.flush(ANSWER_SECONDS)
    return answers[0]


def read(access: KafkaAccess, topic: str, group: str = "reports") -> int | None:
    """Fetch from a partition up to its end; the code of the error if that was refused."""
    consumer = Consumer({**access.client_settings(), "group.id": group, "enable.partition.eof": True})
    try:
        hidden = consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].error
        if hidden is not None:
            return int(hidden.code())
        consumer.assign([TopicPartition(topic, 0, 0)])
        told = consumer.poll(ANSWER_SECONDS)
        assert told is not None, "neither a record nor the end came"
        error = told.error()
        return None if error is None or error.code() == AT_THE_END else int(error.code())
    finally:
        consumer.close()


async def use_group(access: KafkaAccess, group: str) -> str:
    """Ask for the group's coordinator, as each of its members does; "" or the name of the error that refused it."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=access.bootstrap,
        security_protocol=access.security,
        sasl_mechanism=access.mechanism,
        sasl_plain_username=access.username,
        sasl_plain_password=access.password,
    )
    await admin.start()
    try:
        for _ in range(TRIES):
            try:
                await admin.find_coordinator(group)
            except GroupCoordinatorNotAvailableError:
                await asyncio.sleep(PAUSE_SECONDS)
            except GroupAuthorizationFailedError as refused:
                return type(refused).__name__
            else:
                return ""
    finally:
        await admin.close()
    raise AssertionError("there is no coordinator")


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
def test_a_company_system_reads_every_topic_of_events(kafka_node: KafkaNode, topic: str) -> None:
    assert read(kafka_node.access("company"), topic) is None


@pytest.mark.parametrize("service", kafka_access.SERVICES)
def test_a_company_system_reads_no_dead_letters(kafka_node: KafkaNode, service: str) -> None:
    assert read(kafka_node.access("company"), dead_letters(service)) == REFUSED


@pytest.mark.parametrize(("group", "refused"), [("erp", ""), ("reports-2", ""), ("iok-ledger", GROUP_REFUSED)])
async def test_a_company_system_uses_any_group_but_ours(kafka_node: KafkaNode, group: str, refused: str) -> None:
    assert await use_group(kafka_node.access("company"), group) == refused


async def test_a_service_reads_what_it_needs_in_groups_of_its_own_only(kafka_node: KafkaNode) -> None:
    ledger = kafka_node.access("ledger")
    assert read(ledger, PAYMENTS, "iok-ledger") is None
    assert read(ledger, ACCOUNTS, "iok-ledger") == REFUSED
    assert await use_group(ledger, "iok-ledger-book-2") == ""
    assert await use_group(ledger, "iok-payments") == GROUP_REFUSED


def test_a_wrong_password_is_named_as_such(kafka_node: KafkaNode) -> None:
    access = kafka_node.access()
    wrong = KafkaAccess(access.bootstrap, access.security, username="ledger", password="wrong")
    with pytest.raises(StackError, match="refuses user 'ledger'"):
        kafka.wait_ready(wrong)


def test_making_topics_and_users_again_changes_nothing(kafka_node: KafkaNode) -> None:
    kafka_access.ensure_topics(kafka_node.access())
    kafka_access.ensure_users(kafka_node.access(), {"ledger": kafka_node.password("ledger")})
    assert write(kafka_node.access("ledger"), CHARGES) is None
    assert read(kafka_node.access("company"), CHARGES) is None
