-- Correspondence: the words of letters (private, here alone), the lists and threads shown, and who may do what with them.

-- What can be raised: each version as it was defined, written once. Events carry only the digest of `content`.
create table matter_type_versions (
    matter_type_id text not null,
    version integer not null check (version > 0),
    content text not null,             -- JSON of the domain's MatterType
    defined_by text not null,          -- account of staff, or `company` for what the service begins with
    defined_at timestamptz not null default now(),
    primary key (matter_type_id, version)
);

-- The words. Events carry only `content_digest`, which is taken over text, title and salt: an altered row is found, and
-- without the row nobody can guess what was written. Written once.
create table letters (
    message_id text primary key,
    matter_id text not null,
    salt bytea not null,
    title text,                        -- of the letter that opens a matter
    text text not null,
    kept_at timestamptz not null default now()
);

-- Files. Each lies in the file store under its SHA-256; a draft (message_id null) is its account's alone and is thrown
-- away after a day. Only a clean one is ever given to anybody.
create table attachments (
    attachment_id text primary key,
    account_id text not null,          -- who uploaded it
    message_id text,                   -- the letter it went with
    matter_id text,
    ordinal integer,                   -- its place in the letter
    name text not null,
    media_type text not null,
    size_bytes integer not null,
    content_sha256 text not null,
    state text not null check (state in ('clean', 'quarantined', 'infected')),
    kept_at timestamptz not null default now()
);
create index attachments_drafts on attachments (account_id, kept_at) where message_id is null;
create index attachments_old_drafts on attachments (kept_at) where message_id is null;
create index attachments_of_matter on attachments (matter_id, message_id, ordinal) where matter_id is not null;
create index attachments_waiting on attachments (kept_at) where state = 'quarantined';
create index attachments_content on attachments (content_sha256);

-- Files that no row may need: let go of by one, or about to be kept for one that may never come. Each is looked at when
-- its time comes, and thrown away unless a row needs it; so a crash leaves no file that nobody knows of.
create table files_let_go (
    content_sha256 text not null,
    state text not null check (state in ('clean', 'quarantined')),  -- tells the place in the store
    not_before timestamptz not null default now(),
    primary key (content_sha256, state)
);

-- The numbers that people quote: without gaps within a year.
create table matter_numbers (
    year integer primary key,
    last_ordinal integer not null check (last_ordinal > 0)
);
create table matter_register (
    matter_id text primary key,
    number text not null unique
);

-- Read model: matters. Made from the service's own events; `rebuild` empties and fills it.
create table matters (
    matter_id text primary key,
    account_id text not null,
    lease_id text,
    matter_type_id text not null,
    matter_type_version integer not null,
    state text not null check (state in ('open', 'asked', 'answered', 'closed')),
    assignee_id text,                  -- who of the staff takes care of it
    due_on date,                       -- until when the company means to answer
    opened_at timestamptz not null,
    last_message_at timestamptz not null,
    last_author text not null check (last_author in ('tenant', 'staff')),
    first_message_id text,             -- null between the two events that open a matter
    message_count integer not null default 0
);
create index matters_of_account on matters (account_id, last_message_at desc, matter_id desc);
create index matters_by_activity on matters (last_message_at desc, matter_id desc);
create index matters_of_assignee on matters (assignee_id, last_message_at desc, matter_id desc) where state <> 'closed';
create index matters_due on matters (due_on) where state = 'open';
create index matters_not_closed on matters (last_message_at desc, matter_id desc) where state <> 'closed';

-- Read model: the letters of a matter in their order, without their words.
create table messages (
    message_id text primary key,
    matter_id text not null,
    ordinal integer not null,          -- the version of the matter's stream
    account_id text not null,
    author_role text not null check (author_role in ('tenant', 'staff')),
    asks boolean not null default false,
    sent_at timestamptz not null,
    unique (matter_id, ordinal)
);

-- How much of a thread each side has seen. No fact for others, so no event; outlives a rebuild.
create table read_marks (
    matter_id text not null,
    reader text not null check (reader in ('tenant', 'staff')),
    read_count integer not null,
    read_at timestamptz not null default now(),
    primary key (matter_id, reader)
);

-- A matter as lists show it. Unread by a side: the other side wrote last, and this one has not opened it since.
create view matter_overviews as
select m.matter_id, m.account_id, m.lease_id, m.matter_type_id, m.state, m.opened_at, m.last_message_at, m.last_author,
    m.message_count, m.assignee_id, m.due_on, r.number, l.title, t.content::jsonb ->> 'name' as matter_type,
    m.last_author = 'staff' and m.message_count > coalesce(by_tenant.read_count, 0) as unread_by_tenant,
    m.last_author = 'tenant' and m.message_count > coalesce(by_staff.read_count, 0) as unread_by_staff,
    coalesce(by_tenant.read_count, 0) as read_by_tenant, coalesce(by_staff.read_count, 0) as read_by_staff
from matters m
join matter_register r using (matter_id)
join letters l on l.message_id = m.first_message_id
join matter_type_versions t on t.matter_type_id = m.matter_type_id and t.version = m.matter_type_version
left join read_marks by_tenant on by_tenant.matter_id = m.matter_id and by_tenant.reader = 'tenant'
left join read_marks by_staff on by_staff.matter_id = m.matter_id and by_staff.reader = 'staff';

-- What the inbox lists of them; null: whatever they have. `found`: the only matters among which to look.
create function inbox_matters(
    states text[], assignee text, due_before date, lease text, kind text, found text[])
returns setof matter_overviews language sql stable as $$
    select * from matter_overviews m
    where m.state = any(states) and (assignee is null or coalesce(m.assignee_id, '') = assignee)
        and (due_before is null or m.due_on < due_before) and (lease is null or m.lease_id = lease)
        and (kind is null or m.matter_type_id = kind) and (found is null or m.matter_id = any(found))
$$;

-- The service's role: it adds events and letters and can never change or remove one.
grant select, insert on events to iok_correspondence;
grant select, insert, delete on outbox, ahead to iok_correspondence;
grant select, insert, delete on idempotency_keys to iok_correspondence;
grant select, insert, delete on recent_errors to iok_correspondence;
grant select, insert, update on positions to iok_correspondence;
grant select on caught_up to iok_correspondence;
grant select, update (reason, detail, state, decided_at, decided_by, decision_reason, replays, dead_lettered_at)
    on set_aside to iok_correspondence;
grant select, insert on set_aside_decisions to iok_correspondence;
grant select, insert, update on staff_names to iok_correspondence;
grant execute on function folded, inbox_matters to iok_correspondence;
grant select, insert on letters, matter_register, matter_type_versions to iok_correspondence;
grant select, insert, update on matter_numbers, read_marks to iok_correspondence;
grant select, insert, delete on attachments, files_let_go to iok_correspondence;
grant update (not_before) on files_let_go to iok_correspondence;
grant update (message_id, matter_id, ordinal, state) on attachments to iok_correspondence;
grant select, insert, update, delete on matters, messages to iok_correspondence;
grant select on matter_overviews to iok_correspondence;
