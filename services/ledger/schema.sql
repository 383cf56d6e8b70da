-- Tables of the ledger. The chassis's tables come first; every right of the service's role is granted at the end.
--
-- Whatever is read from Kafka belongs to a book: all tables named book_… are partitioned by it, so that a new book is built
-- beside the live one and the old one is dropped whole. Only the owner's functions make, switch and drop books.
-- A book's positions are the chassis's, under the projection's name 'book-<number>'.

-- Every book there ever was: numbers only grow.
create table books (
    book integer primary key check (book > 0),
    state text not null default 'building' check (state in ('filling', 'building', 'live', 'old', 'dropped')),
    made_at timestamptz not null default now(),
    switched_at timestamptz
);
create unique index books_one_live on books (state) where state = 'live';
create unique index books_one_building on books ((true)) where state in ('filling', 'building');

-- The lines of the tenants' accounts. Never changed, never deleted: the service may only read and add.
create table book_entries (
    book integer not null,
    lease_id text collate "C" not null,
    version bigint not null check (version > 0),     -- the lease's number of entries when this one was booked
    topic text collate "C" not null,
    source text collate "C" not null,
    id uuid not null,                                -- the event's
    type text not null,                              -- the event's, with its version
    kind text not null,
    amount_grosze bigint not null,                   -- positive: the tenant owes more
    booked_on date not null,
    due_on date,
    charge_id text collate "C",                      -- the charge it is, or names
    credit_id text collate "C",                      -- the money it is, or takes back
    claim text collate "C",                          -- the business id that a lease can use once
    month text,                                      -- a charge's
    partition integer not null,
    "offset" bigint not null,
    digest bytea not null,                           -- SHA-256 of what must never change
    content_digest bytea not null,                   -- SHA-256 of the event's type and data
    data json not null,                              -- the event's, in canonical spelling
    primary key (book, lease_id, topic, source, id),
    unique (book, lease_id, claim)
) partition by list (book);
create index book_entries_canonical on book_entries (book, lease_id, booked_on, source, id, topic);

-- Events that are taken and are no entry; those that are one are remembered by their entry.
create table book_seen (
    book integer not null,
    topic text collate "C" not null,
    subject text collate "C" not null,
    source text collate "C" not null,
    id uuid not null,
    content_digest bytea not null,
    partition integer not null,
    primary key (book, topic, subject, source, id)
) partition by list (book);

-- Where an entry's event came again in another partition: a state hash at given offsets counts it from the first place reached.
create table book_repeats (
    book integer not null,
    topic text collate "C" not null,
    lease_id text collate "C" not null,
    source text collate "C" not null,
    id uuid not null,
    partition integer not null,
    "offset" bigint not null,
    primary key (book, topic, lease_id, source, id, partition)
) partition by list (book);

-- Double entry: what each event of money does to the company's accounts, account -> grosze, a debit positive. One row for an
-- event, of an entry or of `iok.transfers`; its amounts sum to zero. Never changed, never deleted.
create table book_postings (
    book integer not null,
    topic text collate "C" not null,
    subject text collate "C" not null,               -- the lease, or the transfer
    source text collate "C" not null,
    id uuid not null,                                -- the event's
    booked_on date not null,
    amounts jsonb not null,
    primary key (book, subject, topic, source, id)
) partition by list (book);

-- The trial balance: what was debited to and credited to each account by the records of each partition. A partition has one
-- projector at a time, so nobody waits for a row that every tenant's payment moves; the events of one sum to zero, too.
create table book_trial (
    book integer not null,
    topic text collate "C" not null,
    partition integer not null,
    account text collate "C" not null,
    debit_grosze bigint not null,
    credit_grosze bigint not null,
    primary key (book, topic, partition, account)
) partition by list (book);

-- How many entries a lease has and their sum. Its row is the lock under which the lease's events are booked.
create table book_balances (
    book integer not null,
    lease_id text collate "C" not null,
    version bigint not null default 0,
    balance_grosze bigint not null default 0,
    primary key (book, lease_id)
) partition by list (book);

-- Leases as their events tell them; not signed (yet): "bez umowy".
create table book_leases (
    book integer not null,
    lease_id text collate "C" not null,
    source text collate "C" not null,
    signed boolean not null,
    terms json,                                      -- data of the latest LeaseSigned or LeaseChanged
    ended_on date,
    primary key (book, lease_id)
) partition by list (book);

-- The greatest stream version of each (topic, subject, source) and the gaps below it, as pairs of first and last.
create table book_streams (
    book integer not null,
    topic text collate "C" not null,
    subject text collate "C" not null,
    source text collate "C" not null,
    version bigint not null,
    missing bigint[] not null,
    primary key (book, topic, subject, source)
) partition by list (book);

-- Records that a book being built could not take; they go to the desk (set_aside) when it goes live.
create table book_refused (
    book integer not null,
    topic text not null,
    topic_id text not null,
    partition integer not null,
    "offset" bigint not null,
    key bytea,
    value bytea,
    headers jsonb not null,
    reason text not null,
    detail text not null,
    primary key (book, topic_id, partition, "offset")
) partition by list (book);

-- Records put off while a book is filled, because they may have come before; booked when its indexes stand.
create table book_put_off (
    book integer not null,
    topic text not null,
    topic_id text not null,
    partition integer not null,
    "offset" bigint not null,
    key bytea,
    value bytea,
    headers jsonb not null,
    primary key (book, topic_id, partition, "offset")
) partition by list (book);

-- What an operator must see although everything went on; one row per event, whatever reads it again.
create table alarms (
    kind text not null,
    topic text not null,
    subject text not null,
    source text not null,
    event_id uuid not null,
    partition integer not null,
    "offset" bigint not null,
    detail text not null,
    at timestamptz not null default now(),
    primary key (kind, topic, subject, source, event_id, partition, "offset")
);
create index alarms_newest on alarms (at desc);

-- Every accepted record of a company system, byte for byte: published again when Kafka was lost. It belongs to no book.
create table records (
    position bigint generated always as identity primary key,
    topic text collate "C" not null,
    subject text collate "C" not null,
    source text collate "C" not null,
    event_id uuid not null,
    value bytea not null,
    headers jsonb not null,
    recorded_at timestamptz not null default now(),
    unique (topic, subject, source, event_id)
);

-- The live book, as others may look at it.
create view entries as
select book, lease_id, version, topic, source, id, type, kind, amount_grosze, booked_on, due_on,
    case when kind in ('charge', 'correction') then data -> 'lines' else '[]'::json end as lines,
    charge_id, credit_id, claim, month, partition, "offset", digest, content_digest, data
from book_entries
where book = (select b.book from books b where b.state = 'live');

-- The same as a tenant reads it: with the month of the charge an entry is or names (its own source's, if two use one id).
create view history as
select e.lease_id, e.id, e.kind, e.amount_grosze, e.booked_on, e.due_on, e.version, e.data,
    e.topic, e.partition, e."offset", e.source, e.charge_id, e.credit_id,
    coalesce(e.month, (
        select c.month from book_entries c
        where c.book = e.book and c.lease_id = e.lease_id
            and c.claim >= 'charge:' || e.charge_id || ':' and c.claim < 'charge:' || e.charge_id || ';'
        order by c.source <> e.source, c.source limit 1
    )) as month
from book_entries e
where e.book = (select b.book from books b where b.state = 'live');

create view lease_balances as
select book, lease_id, version, balance_grosze from book_balances
where book = (select b.book from books b where b.state = 'live');

create view leases as
select book, lease_id, source, terms, ended_on from book_leases
where book = (select b.book from books b where b.state = 'live') and signed;

create view postings as
select p.book, p.topic, p.subject, p.source, p.id, p.booked_on, a.key as account, a.value::bigint as amount_grosze
from book_postings p cross join lateral jsonb_each_text(p.amounts) a
where p.book = (select b.book from books b where b.state = 'live');

create view trial_balance as
select account, sum(debit_grosze) as debit_grosze, sum(credit_grosze) as credit_grosze,
    sum(debit_grosze - credit_grosze) as balance_grosze
from book_trial
where book = (select b.book from books b where b.state = 'live')
group by account;

-- The lock that every transaction of the live projection shares and that a switch takes alone.
create function lock_live_book(exclusively boolean) returns void language sql as $$
    select case when exclusively then pg_advisory_xact_lock(hashtext('iok-books'))
        else pg_advisory_xact_lock_shared(hashtext('iok-books')) end
$$;

-- Offsets as JSON ({topic: {"id": …, "next": {"0": …}}}) as rows.
create function places_of(p_at jsonb) returns table (topic text, partition integer, next_offset bigint)
language sql immutable parallel safe as $$
    select t.key, p.key::integer, p.value::bigint
    from jsonb_each(p_at) as t, jsonb_each_text(t.value -> 'next') as p
$$;

-- The offsets of a book, as that JSON.
create function offsets_of(p_book integer) returns jsonb language sql stable as $$
    select coalesce(jsonb_object_agg(topic, jsonb_build_object('id', topic_id, 'next', next)), '{}')
    from (
        select topic, min(topic_id) as topic_id, jsonb_object_agg(partition, next_offset) as next
        from positions where projection = 'book-' || p_book group by topic
    ) as t
$$;

-- Per lease: how many entries, their sum, and the hashes over their digests in bytewise order.
-- With p_at: only entries below those offsets. With p_late_since: without what an operator let in since then.
create function lease_hashes(p_book integer, p_at jsonb default null, p_late_since timestamptz default null)
returns table (lease_id text, entries bigint, balance_grosze numeric, lease_hash bytea, content_hash bytea)
language sql stable parallel safe as $$
    with places as materialized (
        select * from places_of(p_at)
    ), repeated as materialized (
        select r.topic, r.lease_id, r.source, r.id from book_repeats r
        join places p on p.topic = r.topic and p.partition = r.partition
        where r.book = p_book and r."offset" < p.next_offset
    ), late as materialized (
        select s.topic, s.partition, s."offset" from set_aside s
        where s.state = 'booked' and s.decided_at > p_late_since
            and s.topic_id in (select topic_id from positions where projection = 'book-' || p_book)
    )
    select e.lease_id, count(*), sum(e.amount_grosze),
        sha256(string_agg(e.digest, ''::bytea order by e.digest)),
        sha256(string_agg(e.content_digest, ''::bytea order by e.content_digest))
    from book_entries e
    left join places p on p.topic = e.topic and p.partition = e.partition
    where e.book = p_book
        and (p_at is null or e."offset" < p.next_offset
            or (e.topic, e.lease_id, e.source, e.id) in (select * from repeated))
        and (p_late_since is null or (e.topic, e.partition, e."offset") not in (select * from late))
    group by e.lease_id
$$;

-- The state hash: SHA-256 over a line per lease with entries, in bytewise order of lease id. The content hash is made the
-- same way over digests of whole events, so that a seal also vouches for what the entries' own digests leave out.
create function state_hash(p_book integer, p_at jsonb default null, p_late_since timestamptz default null)
returns table (hash text, content_hash text, entries bigint, leases bigint)
language sql stable parallel safe as $$
    select
        encode(sha256(coalesce(string_agg(convert_to(
            lease_id || '|' || entries || '|' || balance_grosze || '|' || encode(lease_hash, 'hex') || chr(10), 'UTF8'
        ), ''::bytea order by lease_id collate "C"), ''::bytea)), 'hex'),
        encode(sha256(coalesce(string_agg(convert_to(
            lease_id || '|' || encode(content_hash, 'hex') || chr(10), 'UTF8'
        ), ''::bytea order by lease_id collate "C"), ''::bytea)), 'hex'),
        coalesce(sum(entries), 0)::bigint, count(*)
    from lease_hashes(p_book, p_at, p_late_since)
$$;

-- The tables of a book.
create function book_tables() returns text[] language sql immutable as $$
    select array[
        'book_entries', 'book_seen', 'book_repeats', 'book_postings', 'book_trial',
        'book_balances', 'book_leases', 'book_streams', 'book_refused', 'book_put_off'
    ]
$$;

-- Those of them with a row for every event. A book nobody reads yet is filled into them without their indexes, standing
-- alone, and they become its partitions when they get their indexes.
create function filled_tables() returns text[] language sql immutable as $$
    select array['book_entries', 'book_seen', 'book_postings']
$$;

-- Make a book to be built, or first to be filled; its number is above every other and above p_greatest_elsewhere (what
-- Kafka remembers).
create function make_book(p_greatest_elsewhere integer, p_to_fill boolean) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_book integer;
    v_table text;
    v_part text;
begin
    perform lock_live_book(true);
    select greatest(coalesce(max(book), 0), p_greatest_elsewhere) + 1 into v_book from books;
    insert into books (book, state) values (v_book, case when p_to_fill then 'filling' else 'building' end);
    foreach v_table in array book_tables() loop
        v_part := v_table || '_' || v_book;
        if p_to_fill and v_table = any (filled_tables()) then
            execute format('create table %I (like %I including all excluding indexes)', v_part, v_table);
            execute format('alter table %I add check (book = %s)', v_part, v_book);
            execute format('grant select, insert on %I to iok_ledger', v_part);
        else
            execute format('create table %I (like %I including all)', v_part, v_table);
            execute format('alter table %I attach partition %I for values in (%s)', v_table, v_part, v_book);
        end if;
    end loop;
    execute format('alter table %I set (fillfactor = 70)', 'book_balances_' || v_book);
    execute format('alter table %I set (fillfactor = 70)', 'book_trial_' || v_book);
    return v_book;
end
$$;

-- Give a filled table of a book its indexes, and make it a partition; nothing happens to one that is. The parent's other
-- partitions are read and written meanwhile. Answers whether it was done now.
create function index_book(p_book integer, p_table text) returns boolean
language plpgsql security definer set search_path = public, pg_temp set maintenance_work_mem = '256MB' as $$
declare
    v_part text := p_table || '_' || p_book;
begin
    if not p_table = any (filled_tables()) or not exists (select from books where book = p_book and state = 'filling') then
        raise exception 'table % of book % is not to be indexed', p_table, p_book;
    end if;
    if exists (select from pg_inherits where inhrelid = v_part::regclass and inhparent = p_table::regclass) then
        return false;
    end if;
    execute format('alter table %I attach partition %I for values in (%s)', p_table, v_part, p_book);
    execute format('analyze %I', v_part);
    return true;
end
$$;

-- A filled book, indexed and with what was put off in it, is from now on built like any other: through the tables of all
-- books. Only now are the rights on its own tables taken back, for a filling that was stopped goes on writing there.
create function end_filling(p_book integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_table text;
begin
    if (select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where c.relname = any (select t || '_' || p_book from unnest(filled_tables()) as t))
        < cardinality(filled_tables())
    then
        raise exception 'book % has tables without indexes', p_book;
    end if;
    foreach v_table in array filled_tables() loop
        execute format('revoke all on %I from iok_ledger', v_table || '_' || p_book);
    end loop;
    update books set state = 'building' where book = p_book and state = 'filling';
end
$$;

-- Every key that a book being filled remembers an event by: its own and, where it uses one up, a business id.
create function keys_of_filling(p_book integer)
returns table (topic text, subject text, source text, id uuid, claim text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query execute format(
        'select topic, lease_id, source, id, claim from %I union all select topic, subject, source, id, null from %I',
        'book_entries_' || p_book, 'book_seen_' || p_book
    );
end
$$;

-- What a book holds and another one lacks: entries (with both digests), postings of transfers, and what was heard of leases.
-- None: the other book tells all that this one told, and whatever else has come since.
create function lacking(p_book integer, p_other integer)
returns table (topic text, subject text, source text, id uuid)
language sql stable as $$
    select e.topic, e.lease_id, e.source, e.id from book_entries e
    where e.book = p_book and not exists (
        select from book_entries o
        where o.book = p_other and o.lease_id = e.lease_id and o.topic = e.topic and o.source = e.source and o.id = e.id
            and o.digest = e.digest and o.content_digest = e.content_digest
    )
    union all
    select t.topic, t.subject, t.source, t.id from book_postings t
    where t.book = p_book and t.topic = 'iok.transfers' and not exists (
        select from book_postings o
        where o.book = p_other and o.subject = t.subject and o.topic = t.topic and o.source = t.source and o.id = t.id
            and o.booked_on = t.booked_on and o.amounts = t.amounts
    )
    union all
    select s.topic, s.subject, s.source, s.id from book_seen s
    where s.book = p_book and s.topic = 'iok.leases' and not exists (
        select from book_seen o
        where o.book = p_other and o.topic = s.topic and o.subject = s.subject and o.source = s.source and o.id = s.id
            and o.content_digest = s.content_digest
    )
$$;

-- Switch to a book, in the caller's transaction. Answers 'switched', or why not:
-- 'behind' (in a partition whose topic is the same as ever), 'topic_changed' (and no operator wants it), 'incomplete'
-- (a topic was made again and does not hold all that the live book tells), 'hash_differs' (from the seal), 'not_building'.
-- p_topic_ids: the topics' ids of now, by name. p_seal: the state hash that must come out when no live book is there.
create function switch_book(p_book integer, p_topic_ids jsonb, p_by_operator boolean, p_seal text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_live integer;
    v_changed boolean;
begin
    perform lock_live_book(true);
    if not exists (select from books where book = p_book and state = 'building') then
        return 'not_building';
    end if;
    select book into v_live from books where state = 'live';
    v_changed := exists (
        select from positions l where l.projection = 'book-' || v_live and l.topic_id <> p_topic_ids ->> l.topic
    );
    if exists (
        select from positions l
        left join positions n on n.projection = 'book-' || p_book and n.topic = l.topic and n.partition = l.partition
        where l.projection = 'book-' || v_live and l.topic_id = coalesce(p_topic_ids ->> l.topic, l.topic_id)
            and coalesce(n.next_offset, 0) < l.next_offset
    ) then
        return 'behind';
    end if;
    if v_changed and not p_by_operator then
        return 'topic_changed';
    end if;
    if v_changed and exists (select from lacking(v_live, p_book)) then
        return 'incomplete';
    end if;
    if v_live is null and p_seal is not null and (select hash from state_hash(p_book)) <> p_seal then
        return 'hash_differs';
    end if;
    update books set state = 'old' where state = 'live';
    update books set state = 'live', switched_at = now() where book = p_book;
    perform settle_set_aside(p_book);
    insert into caught_up (projection, topic, partition, at, end_offset)
    select 'book-' || p_book, c.topic, c.partition, c.at, c.end_offset from caught_up c
    where c.projection = 'book-' || v_live and not v_changed
    on conflict do nothing;
    return 'switched';
end
$$;

-- What the new live book says of set-aside records: what it could not take goes to the desk, what it took leaves it.
-- A record that an operator discarded stays discarded.
create function settle_set_aside(p_book integer) returns void
language sql security definer set search_path = public, pg_temp as $$
    update set_aside s
    set state = 'booked', decided_at = now(), decided_by = 'rebuild', decision_reason = 'booked by book ' || p_book
    where s.state = 'set_aside'
        and exists (
            select from positions p
            where p.projection = 'book-' || p_book and p.topic_id = s.topic_id and p.partition = s.partition
                and p.next_offset > s."offset"
        )
        and not exists (
            select from book_refused r
            where r.book = p_book and r.topic_id = s.topic_id and r.partition = s.partition and r."offset" = s."offset"
        );
    insert into set_aside (topic, topic_id, partition, "offset", key, value, headers, reason, detail)
    select topic, topic_id, partition, "offset", key, value, headers, reason, detail
    from book_refused where book = p_book
    on conflict (topic_id, partition, "offset") do update
    set state = 'set_aside', reason = excluded.reason, detail = excluded.detail,
        decided_at = null, decided_by = null, decision_reason = null
    where set_aside.state = 'booked';
$$;

-- Drop a book and all it holds; never the live one. Waits for no reader: try again later.
create function drop_book(p_book integer) returns void
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '3s' as $$
declare
    v_table text;
begin
    perform lock_live_book(true);
    if not exists (select from books where book = p_book and state in ('filling', 'building', 'old')) then
        raise exception 'book % cannot be dropped', p_book;
    end if;
    foreach v_table in array book_tables() loop
        execute format('drop table %I', v_table || '_' || p_book);
    end loop;
    delete from positions where projection = 'book-' || p_book;
    delete from caught_up where projection = 'book-' || p_book;
    update books set state = 'dropped' where book = p_book;
end
$$;

-- What the running service may do. Events and entries are never changed and never deleted.
revoke execute on all functions in schema public from public;
grant usage on schema public to iok_ledger;
grant select, insert on events, records, alarms to iok_ledger;
grant select, insert on book_entries, book_postings, book_seen, book_repeats, book_refused, book_put_off to iok_ledger;
grant select, insert, update on book_trial, book_balances, book_leases, book_streams to iok_ledger;
grant select on books, entries, history, postings, trial_balance, lease_balances, leases to iok_ledger;
grant select, insert, delete on outbox, recent_errors, ahead to iok_ledger;
grant select, insert, update on positions, caught_up to iok_ledger;
grant select, insert on set_aside to iok_ledger;
grant update (reason, detail, state, decided_at, decided_by, decision_reason, replays, dead_lettered_at)
    on set_aside to iok_ledger;
grant select, insert on set_aside_decisions to iok_ledger;
grant select, insert, update on staff_names to iok_ledger;
grant execute on function folded to iok_ledger;
grant execute on function lock_live_book, places_of, offsets_of, lease_hashes, state_hash, lacking to iok_ledger;
grant execute on function make_book, index_book, end_filling, keys_of_filling, switch_book, drop_book to iok_ledger;
