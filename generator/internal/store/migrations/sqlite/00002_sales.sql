-- +goose Up

-- What happened to a lead after its card: an entry for each change of stage and
-- each note, and none is ever changed. n is its number among those of the lead:
-- a clock may be put back. Times are Unix milliseconds. counted are
-- the sales steps that count for the lead after the entry, as a JSON list, and
-- worth is what it brought by then: so that the next entry knows what to undo.
create table sales (
	lead      text    not null,
	n         integer not null,
	at        integer not null,
	day       text    not null,
	stage     text    not null,
	value     real,
	note      text    not null,
	next_step text    not null,
	next_day  text    not null,
	counted   text    not null,
	worth     real    not null,
	primary key (lead, n)
) strict, without rowid;

-- What leads brought, for the post of their first counted submission and on the
-- day they became clients.
create table worth (
	day    text not null,
	post   text not null,
	amount real not null,
	primary key (day, post)
) strict, without rowid;
