-- +goose Up

-- What each table is for stands beside the same step for SQLite. Texts are
-- compared by their bytes, as there, whatever the language of the database.

create table salts (
	day     text collate "C" not null primary key,
	salt    bytea            not null,
	made_at bigint           not null
);

create table visits (
	day     text collate "C" not null,
	visitor bytea            not null,
	post    text collate "C" not null,
	steps   bigint           not null,
	primary key (day, visitor, post)
);

create table reach (
	day      text collate "C" not null,
	post     text collate "C" not null,
	step     text collate "C" not null,
	visitors bigint           not null,
	primary key (day, post, step)
) with (fillfactor = 50);

-- The rows of today are written again and again: room in each page keeps their
-- new versions beside the old ones.
create table tallies (
	day       text collate "C" not null,
	post      text collate "C" not null,
	form      text collate "C" not null,
	placement text collate "C" not null,
	step      text collate "C" not null,
	n         bigint           not null,
	primary key (day, post, form, placement, step)
) with (fillfactor = 50);

create table submissions (
	id           text collate "C" not null primary key,
	received_at  bigint           not null,
	day          text collate "C" not null,
	post         text collate "C" not null,
	claim        text collate "C" not null,
	form         text collate "C" not null,
	placement    text collate "C" not null,
	revision     text collate "C" not null,
	email        text collate "C" not null,
	fields       text collate "C" not null,
	consent      bigint           not null,
	consent_text text collate "C" not null,
	status       text collate "C" not null,
	lead         text collate "C"
);

create index submissions_counted on submissions (day, post, lead) where status = 'accepted';

create table retries (
	key         bytea            not null primary key,
	submission  text collate "C" not null,
	received_at bigint           not null
);

create table folds (
	fold        bytea            not null primary key,
	submission  text collate "C" not null,
	received_at bigint           not null
);

create table leads (
	id         text collate "C" not null primary key,
	address    text collate "C" unique,
	email      text collate "C" not null,
	created_at bigint           not null,
	day        text collate "C" not null,
	post       text collate "C" not null,
	form       text collate "C" not null,
	placement  text collate "C" not null
);

create table revisions (
	path       text collate "C" not null,
	digest     text collate "C" not null,
	title      text collate "C" not null,
	kind       text collate "C" not null,
	date       text collate "C" not null,
	first_seen bigint           not null,
	primary key (path, digest)
);

create table consent_texts (
	hash       text collate "C" not null primary key,
	text       text collate "C" not null,
	first_seen bigint           not null
);
