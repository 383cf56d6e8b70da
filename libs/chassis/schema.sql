-- Tables of the chassis, the same in every service's database. Each service's schema.sql grants its role what it needs of them.

-- The service's own events, for ever, byte for byte as they go to Kafka.
create table events (
    position bigint generated always as identity primary key,
    topic text not null,
    subject text not null,
    stream_version integer not null check (stream_version > 0),
    event_id text not null,
    event_type text not null,
    business_key text,                 -- what the event is about, when a stream may hold it only once ("charge:2024-05")
    body bytea not null,               -- the CloudEvents JSON, exactly as published
    recorded_at timestamptz not null default now(),
    unique (topic, subject, stream_version),
    unique (event_id)
);
create unique index events_business_key on events (topic, subject, business_key) where business_key is not null;

-- Own events that Kafka holds and `events` does not: the database was restored to an earlier time. While a row stands here
-- nothing is appended.
create table ahead (
    event_id text primary key,
    topic text not null,
    subject text not null,
    stream_version integer not null,
    partition integer not null,
    "offset" bigint not null,
    found_at timestamptz not null default now()
);

-- What Kafka has not acknowledged yet. A row is taken out only after the acknowledgement.
create table outbox (
    position bigint generated always as identity primary key,
    topic text not null,
    key text not null,
    body bytea not null,
    created_at timestamptz not null default now()
);

-- From where a projection reads on: moved by compare-and-swap in the transaction of what was read.
create table positions (
    projection text not null,
    topic text not null,
    topic_id text not null,
    partition integer not null,
    next_offset bigint not null check (next_offset >= 0),
    updated_at timestamptz not null default now(),
    primary key (projection, topic, partition)
);

-- When a projection last saw the end of a partition: what tells a reader whether its answer is stale.
create table caught_up (
    projection text not null,
    topic text not null,
    partition integer not null,
    at timestamptz not null,
    end_offset bigint not null,
    primary key (projection, topic, partition)
);

-- Events a projection has taken, for ever: the same again is dropped, the same id with another content is set aside.
create table seen (
    projection text not null,
    topic text not null,
    subject text not null,
    source text not null,
    event_id text not null,
    content_sha256 bytea not null,
    partition integer not null,
    primary key (projection, topic, subject, source, event_id)
);

-- Records that could not be taken, as they came, and what operators decided about them. They lie outside any projection.
create table set_aside (
    id bigint generated always as identity primary key,
    topic text not null,
    topic_id text not null,
    partition integer not null,
    "offset" bigint not null,
    key bytea,
    value bytea,
    headers jsonb not null default '[]',
    reason text not null,
    detail text not null,
    state text not null default 'set_aside' check (state in ('set_aside', 'booked', 'discarded')),
    at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    decision_reason text,
    replays integer not null default 0,
    dead_lettered_at timestamptz,
    unique (topic_id, partition, "offset")
);
create index set_aside_open on set_aside (id) where state = 'set_aside';
create index set_aside_key on set_aside (key) where state = 'set_aside';
create index set_aside_unsent on set_aside (id) where dead_lettered_at is null;

-- What operators decided about set-aside records, for ever: the service's role may add rows and read them, nothing else.
create table set_aside_decisions (
    id bigint generated always as identity primary key,
    record_id bigint not null references set_aside (id),
    at timestamptz not null default now(),
    account_id text not null,          -- who: the opaque id of the account, or break-glass
    deed text not null check (deed in ('replay', 'discard')),
    reason text check (char_length(reason) between 3 and 500),
    outcome text not null check (outcome in ('booked', 'set_aside', 'discarded')),
    refusal text,                      -- why a replay left the record where it was
    check (deed <> 'discard' or reason is not null)
);
create index set_aside_decisions_record on set_aside_decisions (record_id, id);

-- Answers given to commands that carried an Idempotency-Key, kept at least 30 days.
create table idempotency_keys (
    scope text not null,               -- account and route
    key text not null,
    request_sha256 bytea not null,
    status smallint not null,
    answer bytea not null,
    created_at timestamptz not null default now(),
    primary key (scope, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- A command that appends one event, whole and in one statement: the lock of its key (the same as the services' own, see
-- idempotency.py), the event, its outbox row, the answer. Tells 'done'; 'in_flight' while the same key is at work elsewhere;
-- 'answered' when that came to its end meanwhile; 'behind' while Kafka is ahead. A version that is taken is an error.
create function append_once(
    p_scope text, p_key text, p_request_sha256 bytea, p_status smallint, p_answer bytea,
    p_topic text, p_subject text, p_stream_version integer, p_event_id text, p_event_type text, p_business_key text,
    p_body bytea
) returns text language plpgsql as $$
begin
    if not pg_try_advisory_xact_lock(hashtextextended(p_scope || chr(31) || p_key, 0)) then
        return 'in_flight';
    end if;
    if exists (select from idempotency_keys where scope = p_scope and key = p_key) then
        return 'answered';
    end if;
    if exists (select from ahead) then
        return 'behind';
    end if;
    insert into events (topic, subject, stream_version, event_id, event_type, business_key, body)
    values (p_topic, p_subject, p_stream_version, p_event_id, p_event_type, p_business_key, p_body);
    insert into outbox (topic, key, body) values (p_topic, p_subject, p_body);
    insert into idempotency_keys (scope, key, request_sha256, status, answer)
    values (p_scope, p_key, p_request_sha256, p_status, p_answer);
    return 'done';
end
$$;

-- The last errors of every process of the service, for the panel; a ring of bounded length.
create table recent_errors (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    process text not null,
    event text not null,
    detail text not null,
    correlation_id text
);

-- Staff as they were called when they last asked something of this service: for its own panel, never for an event or a log.
create table staff_names (
    account_id text primary key,
    name text not null,
    told_at timestamptz not null default now()
);

-- A text as searches compare it: without Polish diacritics, in small letters.
create function folded(text) returns text language sql immutable parallel safe return
    lower(translate($1, 'ĄĆĘŁŃÓŚŹŻąćęłńóśźż', 'acelnoszzacelnoszz'));
