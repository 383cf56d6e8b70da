"""Kafka's topics, users and access lists, made to agree with the registry of topics at every start.

A service writes the topics it owns and its own dead letters, and reads what it needs, in groups named after it. A
company system reads every topic of events, in any group whose name does not begin with `iok`, and writes where the
registry lets it. Writing includes idempotent producing; transactions are not used, so nobody may.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from deploy.local.kafka import GROUP_LOG_PARTITIONS, KafkaAccess
from deploy.local.progress import StackError
from libs.events.topics import LEASES, PAYMENTS, TOPICS, TRANSFERS, TopicSpec, dead_letter_topic

SERVICES = ("identity", "ledger", "payments", "correspondence")  # those that know Kafka; the gateway does not
COMPANY = "company"
ALL_GROUPS = "*"
OUR_GROUPS = "iok"
SCRAM_ITERATIONS = 4096
ANSWER_SECONDS = 30.0

GROUP_LOG = NewTopic(
    "__consumer_offsets",
    num_partitions=GROUP_LOG_PARTITIONS,
    replication_factor=1,
    config={"cleanup.policy": "compact", "segment.bytes": "104857600", "compression.type": "producer"},
)

# Beside the topics a service owns, which it may always read.
READS: Mapping[str, tuple[str, ...]] = {
    "identity": (LEASES,),
    "ledger": (PAYMENTS, TRANSFERS),
    "payments": (LEASES,),
    "correspondence": (),
}


def all_topics() -> list[TopicSpec]:
    """Every topic of the system: the registry's, and each service's dead letters."""
    return [*TOPICS.values(), *(dead_letter_topic(service) for service in SERVICES)]


def ensure_topics(access: KafkaAccess, prefix: str = "") -> None:
    """Create the topics that are missing; those that exist are left as they are.

    Raises:
        StackError: the broker refuses.
    """
    admin = AdminClient(access.client_settings())
    try:
        known = admin.list_topics(timeout=ANSWER_SECONDS).topics
        missing = [_new_topic(spec, prefix) for spec in all_topics() if prefix + spec.name not in known]
        if missing:
            _wait(admin.create_topics(missing, operation_timeout=ANSWER_SECONDS))
    except KafkaException as error:
        raise StackError(f"the topics cannot be made: {error}") from error


def delete_topics(access: KafkaAccess, prefix: str) -> None:
    """Delete the topics made under that prefix.

    Raises:
        StackError: the broker refuses, or there is no prefix.
    """
    if not prefix:
        raise StackError("topics are deleted by their prefix only")
    admin = AdminClient(access.client_settings())
    try:
        _wait(admin.delete_topics([prefix + spec.name for spec in all_topics()], operation_timeout=ANSWER_SECONDS))
    except KafkaException as error:
        raise StackError(f"the topics cannot be deleted: {error}") from error


def ensure_users(access: KafkaAccess, passwords: Mapping[str, str]) -> None:
    """Give every user of `passwords` a SCRAM credential and exactly the access that this room describes.

    Raises:
        StackError: the broker refuses.
    """
    admin = AdminClient(access.client_settings())
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
    upserts: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, info, password.encode()) for user, password in passwords.items()
    ]
    try:
        _wait(admin.alter_user_scram_credentials(upserts))
        known = set(admin.describe_acls(_any_acl()).result(ANSWER_SECONDS))
        wanted = set(wanted_acls())
        if known - wanted:
            _wait(admin.delete_acls([_filter_of(acl) for acl in known - wanted]))
        if wanted - known:
            _wait(admin.create_acls(list(wanted - known)))
    except KafkaException as error:
        raise StackError(f"Kafka's users and access lists cannot be set: {error}") from error


def ensure_group_log(access: KafkaAccess) -> None:
    """Create the topic in which our broker keeps the positions of groups.

    Kafka would create it when the first group asks, and keep that group waiting for seconds; clients differ in how well
    they bear it.

    Raises:
        StackError: the broker refuses.
    """
    admin = AdminClient(access.client_settings())
    try:
        if GROUP_LOG.topic not in admin.list_topics(timeout=ANSWER_SECONDS).topics:
            _wait(admin.create_topics([GROUP_LOG], operation_timeout=ANSWER_SECONDS))
    except KafkaException as error:
        raise StackError(f"Kafka's own topic {GROUP_LOG.topic} cannot be made: {error}") from error


def wanted_acls() -> Iterator[AclBinding]:
    """Every line of the access lists."""
    for service in SERVICES:
        own = [*(topic.name for topic in TOPICS.values() if topic.service == service), dead_letter_topic(service).name]
        yield from _topics(service, AclOperation.WRITE, own)
        yield from _topics(service, AclOperation.READ, {*own, *READS[service]})
        yield from _groups(service, f"iok-{service}", ResourcePatternType.PREFIXED, AclPermissionType.ALLOW)
    yield from _topics(COMPANY, AclOperation.READ, TOPICS)
    yield from _topics(COMPANY, AclOperation.WRITE, (t.name for t in TOPICS.values() if t.company_may_write))
    yield from _groups(COMPANY, ALL_GROUPS, ResourcePatternType.LITERAL, AclPermissionType.ALLOW)
    yield from _groups(COMPANY, OUR_GROUPS, ResourcePatternType.PREFIXED, AclPermissionType.DENY)


def _topics(user: str, operation: AclOperation, names: Iterable[str]) -> Iterator[AclBinding]:
    """Reading and writing both include describing."""
    for name in names:
        pattern, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
        yield AclBinding(ResourceType.TOPIC, name, pattern, f"User:{user}", "*", operation, allow)


def _groups(user: str, name: str, pattern: ResourcePatternType, permission: AclPermissionType) -> Iterator[AclBinding]:
    operation = AclOperation.READ if permission is AclPermissionType.ALLOW else AclOperation.ALL
    yield AclBinding(ResourceType.GROUP, name, pattern, f"User:{user}", "*", operation, permission)


def _any_acl() -> AclBindingFilter:
    anything: Any = None  # the library takes it for "whatever the name", its annotations do not know
    pattern, permission = ResourcePatternType.ANY, AclPermissionType.ANY
    return AclBindingFilter(ResourceType.ANY, anything, pattern, anything, anything, AclOperation.ANY, permission)


def _filter_of(acl: AclBinding) -> AclBindingFilter:
    what = (acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation)
    return AclBindingFilter(*what, acl.permission_type)


def _new_topic(spec: TopicSpec, prefix: str) -> NewTopic:
    return NewTopic(
        prefix + spec.name,
        num_partitions=spec.partitions,
        replication_factor=-1,
        config={
            "cleanup.policy": spec.cleanup,
            "retention.ms": str(spec.retention_ms),
            "max.message.bytes": str(spec.max_message_bytes),
        },
    )


def _wait(futures: Mapping[Any, "Future[Any]"]) -> None:
    """Wait for every answer; the first error is raised."""
    for future in futures.values():
        future.result(ANSWER_SECONDS)
