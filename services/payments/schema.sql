-- Tables of the payments service. The chassis's tables come first; every right of the service's role is granted here.

-- Leases heard of on iok.leases: without one, nobody can pay for it. The number goes into the payer's description.
create table leases (
    lease_id text primary key,
    number text not null,
    source text not null
);

-- Read model: one payment, as the fold of its events and of the notices below says. Money in grosze.
create table payments (
    payment_id text primary key,
    lease_id text not null,
    order_id text unique,              -- null: imported, it never had an order at Autopay here
    amount_grosze bigint not null check (amount_grosze > 0),
    charge_id text,
    month text,                        -- the month named to the payer, YYYY-MM
    channel text,                      -- Autopay's number of the way to pay that was picked here
    status text not null check (
        status in ('initiated', 'pending', 'confirmed', 'failed', 'expired', 'refunded', 'in_review')
    ),
    credited_grosze bigint not null default 0,
    returned_grosze bigint not null default 0,
    begun_at timestamptz not null,
    valid_until timestamptz            -- null: nothing to expire
);
create index payments_of_lease on payments (lease_id, begun_at desc, payment_id desc);
create index payments_to_ask_about on payments (begun_at) where status in ('initiated', 'pending', 'expired');
create index payments_unfinished on payments (valid_until) where status in ('initiated', 'pending');

-- How often Autopay was asked about a payment of which no notification came, and when next.
create table status_questions (
    payment_id text primary key references payments (payment_id),
    asked integer not null check (asked > 0),
    next_ask_at timestamptz not null
);

-- Read model: money that came, by what identifies it outside. An import is compared with it.
create table confirmations (
    payment_id text not null,
    remote_id text not null,
    lease_id text not null,
    paid_on date not null,
    amount_grosze bigint not null,
    charge_id text,
    primary key (payment_id, remote_id)
);

-- Authentic notifications, byte for byte, for ever; the same document again is only counted.
create table notifications (
    id bigint generated always as identity primary key,
    sha256 bytea not null unique,
    document bytea not null,
    deliveries integer not null,
    first_received_at timestamptz not null default now(),
    last_received_at timestamptz not null default now()
);

-- What each transaction of a notification came to. Together with the events they tell a payment's whole life.
create table notices (
    id bigint generated always as identity primary key,
    notification_id bigint not null references notifications (id),
    position integer not null,         -- which transaction of the document, from 0
    order_id text not null,
    remote_id text not null,           -- '' where Autopay's text was none
    reported text not null,            -- Autopay's status as it came to be read, '' where it was none
    outcome text not null check (
        outcome in ('credited', 'failed', 'waiting', 'repeated', 'parked', 'contradicted', 'unknown_order')
    ),
    concern text,                      -- why an operator should look
    taken_at timestamptz not null default now(),
    settled_at timestamptz,
    settled_by text,
    dismissed boolean not null default false,  -- settled by deciding that it was no money: what was parked is not
    unique (notification_id, position)
);
create index notices_of_order on notices (order_id, id);
create index notices_of_remote on notices (remote_id) where outcome in ('credited', 'parked') and not dismissed;
create index notices_open on notices (id) where concern is not null and settled_at is null;

-- Where an import lays its file out to check it whole, before anything is appended; emptied by every import.
create unlogged table import_lines (
    line integer primary key,
    lease_id text not null,
    payment_id text not null,
    remote_id text not null,
    paid_on date not null,
    amount_grosze bigint not null,
    charge_id text
);
create index import_lines_key on import_lines (payment_id, remote_id);

-- Every account that a lease ever named: a tenant goes on using an old order at the bank. Two leases for one account are
-- shown as such, and neither is credited by it.
create table lease_accounts (
    account text not null,             -- 26 digits
    lease_id text not null references leases (lease_id),
    primary key (account, lease_id)
);
create index lease_accounts_payer_id on lease_accounts (right(account, 12));

-- Files of bank statements that were taken, with what came of them. The files themselves are not kept.
create table statement_files (
    id bigint generated always as identity primary key,
    sha256 bytea not null unique,
    name text not null,
    report jsonb not null,             -- figures, numbers of statements and warnings; nothing of a payer
    imported_at timestamptz not null default now(),
    imported_by text not null          -- the opaque id of the account, or `command`
);

-- Statements taken, in which file first. Money in grosze.
create table statements (
    account text not null,
    year integer not null,
    number integer not null,           -- 0: the bank does not count them
    page integer not null,             -- 0: the same
    closed_on date not null,
    opening_grosze bigint not null,
    closing_grosze bigint not null,
    file_id bigint not null references statement_files (id),
    primary key (account, year, number, page, closed_on)
);

-- Money that came into our accounts. Names, accounts and titles of payers are nowhere else. The state below is written
-- in the transaction of its event.
create table transfers (
    transfer_id text primary key,
    file_id bigint references statement_files (id),  -- null: restored from Kafka, which knows no payer
    line integer not null,
    our_account text not null,
    statement_ref text not null,
    booked_on date not null,
    amount_grosze bigint not null check (amount_grosze > 0),
    bank_reference text not null,
    payer_name text not null,
    payer_account text not null,
    title text not null,
    status text not null check (status in ('to_clarify', 'credited', 'returned', 'settled')),
    reason text,                       -- by what its lease was found, or why none was
    lease_id text check ((lease_id is not null) = (status = 'credited')),
    credits integer not null default 0,
    taken_at timestamptz not null default now()
);
create index transfers_by_status on transfers (status, booked_on desc, transfer_id desc);

-- What was done with transfers and parked reports, by whom: the service's role may add rows and read them, nothing else.
create table money_deeds (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    account_id text not null,          -- the opaque id of the account, `command`, or break-glass
    about text not null,               -- a transfer's id, or `notice-` and the number of a report
    deed text not null,
    lease_id text,
    note text check (char_length(note) <= 500)
);
create index money_deeds_about on money_deeds (about, id);

-- Which transactions of Autopay's a settlement paid out: each is paid out once.
create table settled_payments (
    payment_id text not null,
    remote_id text not null,
    transfer_id text not null references transfers (transfer_id),
    amount_grosze bigint not null,
    primary key (payment_id, remote_id)
);
create index settled_payments_transfer on settled_payments (transfer_id);

-- What the running service may do. Events are never changed and never deleted; a notification's bytes neither.
grant select, insert on events to iok_payments;
grant select, insert, delete on outbox, ahead to iok_payments;
grant select, insert, update on positions, caught_up to iok_payments;
grant select, insert,
    update (reason, detail, state, decided_at, decided_by, decision_reason, replays, dead_lettered_at)
    on set_aside to iok_payments;
grant select, insert on set_aside_decisions to iok_payments;
grant select, insert, update on staff_names to iok_payments;
grant select, insert on seen to iok_payments;
grant select, insert, delete on idempotency_keys, recent_errors to iok_payments;
grant execute on function append_once to iok_payments;
grant select, insert, update on leases, payments, status_questions to iok_payments;
grant select, insert on confirmations to iok_payments;
grant select, insert on notifications, notices to iok_payments;
grant update (deliveries, last_received_at) on notifications to iok_payments;
grant update (settled_at, settled_by, dismissed) on notices to iok_payments;
grant select, insert, delete on import_lines to iok_payments;
grant select, insert on lease_accounts, statement_files, statements, transfers, money_deeds, settled_payments to iok_payments;
grant update (
    status, reason, lease_id, credits, file_id, line, our_account, statement_ref, booked_on, bank_reference, payer_name,
    payer_account, title
) on transfers to iok_payments;
