-- +goose Up

-- One random salt a day, shared by all who count. Without it a visitor's hash
-- says nothing any more, so it is destroyed within 48 hours.
create table salts (
	day     text    not null primary key,
	salt    blob    not null,
	made_at integer not null
) strict, without rowid;

-- What one visitor did on one day, as a bit mask of steps, so that each reader
-- counts once. post is a path, or * for the whole site. Gone with the salt.
create table visits (
	day     text    not null,
	visitor blob    not null,
	post    text    not null,
	steps   integer not null,
	primary key (day, visitor, post)
) strict, without rowid;

-- How many different visitors reached a step. post as in visits.
create table reach (
	day      text    not null,
	post     text    not null,
	step     text    not null,
	visitors integer not null,
	primary key (day, post, step)
) strict, without rowid;

-- How often a step was reached. post is a path, or empty where the site has no
-- such page. The day comes first: today's rows stay together and in memory.
create table tallies (
	day       text    not null,
	post      text    not null,
	form      text    not null,
	placement text    not null,
	step      text    not null,
	n         integer not null,
	primary key (day, post, form, placement, step)
) strict, without rowid;

-- Every submission, counted or not. Times are Unix milliseconds.
create table submissions (
	id           text    not null primary key,
	received_at  integer not null,
	day          text    not null,
	post         text    not null,
	claim        text    not null,
	form         text    not null,
	placement    text    not null,
	revision     text    not null,
	email        text    not null,
	fields       text    not null,
	consent      integer not null,
	consent_text text    not null,
	status       text    not null,
	lead         text
) strict;

-- For the leads of a period by post; in the order of the day, so that writing
-- it stays cheap.
create index submissions_counted on submissions (day, post, lead) where status = 'accepted';

-- Retries of one submission share a key.
create table retries (
	key         blob    not null primary key,
	submission  text    not null,
	received_at integer not null
) strict, without rowid;

-- Submissions that say the same share a fold; the first of 24 hours is here.
create table folds (
	fold        blob    not null primary key,
	submission  text    not null,
	received_at integer not null
) strict, without rowid;

-- One person: a distinct address, or a submission without one. The rest of the
-- row is that person's first counted submission.
create table leads (
	id         text    not null primary key,
	address    text    unique,
	email      text    not null,
	created_at integer not null,
	day        text    not null,
	post       text    not null,
	form       text    not null,
	placement  text    not null
) strict;

-- Every page the site ever had, by what it said.
create table revisions (
	path       text    not null,
	digest     text    not null,
	title      text    not null,
	kind       text    not null,
	date       text    not null,
	first_seen integer not null,
	primary key (path, digest)
) strict, without rowid;

-- The sentences visitors agreed to.
create table consent_texts (
	hash       text    not null primary key,
	text       text    not null,
	first_seen integer not null
) strict, without rowid;
