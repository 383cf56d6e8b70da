-- Identity's tables. Names, e-mail addresses and logins live here and nowhere else; no PESEL, password or token is readable.

-- People as the company's systems delivered them (import-people). A row is written once; other content is refused.
create table people (
    person_id text primary key,
    given_name text not null,
    family_name text not null,
    email text,
    nip text,
    pesel_hash bytea,                  -- keyed hash, for lookup; the number itself is kept nowhere
    content_hash bytea not null,       -- keyed hash of the imported line: tells the same again from other content
    imported_at timestamptz not null
);
create index people_pesel on people (pesel_hash) where pesel_hash is not null;

-- Accounts: a person's, or (person_id null) a staff member's. Follows the events of iok.accounts; the login is in no event.
create table accounts (
    account_id text primary key,
    person_id text unique references people,
    login text not null,               -- as written in the letter
    login_key text not null unique,    -- as compared: K100001 and k100001 are one
    name text,                         -- of staff, as colleagues know them; a person's stands in people
    opened_on date,
    closed_on date
);

create table staff_roles (
    account_id text not null references accounts,
    role text not null check (role in ('operator', 'accountant', 'clerk')),
    primary key (account_id, role)
);

-- People's own passwords, argon2id.
create table credentials (
    account_id text primary key references accounts,
    password_hash text not null,
    changed_at timestamptz not null
);

-- Letters with one-time passwords: at most one open per account.
create table letters (
    letter_id text primary key,
    account_id text not null references accounts,
    password_hash bytea not null,      -- HMAC-SHA256 of letter and password
    issued_at timestamptz not null,
    expires_on date not null,          -- the last day, in Warsaw
    state text not null default 'open' check (state in ('open', 'used', 'void')),
    settled_at timestamptz
);
create unique index letters_open on letters (account_id) where state = 'open';

-- Sessions now alive. One that began with a letter (letter_id) is for choosing a password and nothing else.
create table sessions (
    token_sha256 bytea primary key,
    account_id text not null references accounts,
    letter_id text references letters,
    started_at timestamptz not null,
    last_used_at timestamptz not null,
    sealed_sign_in bytea               -- encrypted: by what login.gov.pl knows the session, to end it there too
);
create index sessions_account on sessions (account_id);
create index sessions_last_used on sessions (last_used_at);

-- Sign-ins by Profil Zaufany under way: good for one answer, in the browser that began. Kept a day to know a repetition.
create table trusted_profile_requests (
    request_id text primary key,       -- the ID of our AuthnRequest
    relay_sha256 bytea not null unique,
    browser_sha256 bytea not null,     -- of the secret in the browser's cookie
    address_hash bytea not null,       -- keyed hash of the client's address
    back text not null,                -- where the tenant wanted to go
    begun_at timestamptz not null,
    artifact text,                     -- as login.gov.pl sent it; gone once used
    used_at timestamptz
);
create index trusted_profile_requests_begun on trusted_profile_requests (begun_at);

-- Leases as iok.leases tells them: only what is needed to know who may see them and where to write.
create table leases (
    lease_id text primary key,
    source text not null,
    signed boolean not null,
    number text not null,
    address text not null,
    version bigint,
    changed boolean not null,
    ended_on date
);

create table lease_parties (
    lease_id text not null references leases,
    person_id text not null,           -- may be a person not imported yet
    role text not null check (role in ('tenant', 'co_tenant')),
    primary key (lease_id, person_id)
);
create index lease_parties_person on lease_parties (person_id);

-- Attempts to sign in since the last success, by keyed hash of the login typed or of the client's address.
create table attempts (
    scope text not null check (scope in ('address', 'login')),
    subject_hash bytea not null,
    count integer not null default 0,
    last_at timestamptz,
    blocked_until timestamptz,
    primary key (scope, subject_hash)
);
create index attempts_last on attempts (last_at);

-- Who did what, when, by opaque ids: no name, login, address or number ever enters this table.
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    action text not null,
    account_id text,
    detail text not null default '',
    correlation_id text
);
create index audit_log_account on audit_log (account_id, id);

-- What the service's own role may do: events, letters and the audit log are never rewritten nor deleted.
grant usage on schema public to iok_identity;
grant select, insert on events, seen, audit_log, people to iok_identity;
grant select, insert, delete on outbox, recent_errors, ahead to iok_identity;
grant select, insert, update on positions, caught_up to iok_identity;
grant select, insert on set_aside to iok_identity;
grant update (reason, detail, state, decided_at, decided_by, decision_reason, replays, dead_lettered_at)
    on set_aside to iok_identity;
grant select, insert on set_aside_decisions to iok_identity;
grant select, insert, update on staff_names to iok_identity;
grant execute on function folded to iok_identity;
grant select, insert, delete on idempotency_keys to iok_identity;
grant select, insert on accounts, letters to iok_identity;
grant update (opened_on, closed_on, name) on accounts to iok_identity;
grant update (state, settled_at) on letters to iok_identity;
grant select, insert, delete on staff_roles to iok_identity;
grant select, insert, update on credentials, leases to iok_identity;
grant select, insert, delete on sessions, lease_parties, trusted_profile_requests to iok_identity;
grant update (artifact, used_at) on trusted_profile_requests to iok_identity;
grant update (last_used_at) on sessions to iok_identity;
grant select, insert, update, delete on attempts to iok_identity;
