-- What the chassis's tests project into.
create table notes (partition integer, "offset" bigint, value bytea, primary key (partition, "offset"));
