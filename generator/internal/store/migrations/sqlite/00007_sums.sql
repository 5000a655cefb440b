-- +goose Up

-- How many cards a post had on a day from people whose card before, on the same
-- post, was of the day previous: so that people can be counted by adding up.
create table repeats (
	day      text    not null,
	post     text    not null,
	previous text    not null,
	n        integer not null,
	primary key (day, post, previous)
) strict, without rowid;

insert into repeats select day, post, previous, count(*) from (
		select day, post, lag(day) over (partition by post, lead order by day, id) as previous from submissions where status = 'accepted') as cards
	where previous is not null group by day, post, previous;

-- Sums of days and months that are over, packed, one for each question. What is
-- in them is in the tables above, too; sums.go tells how they stay exact.
create table sheets (
	span     text not null,
	period   text not null,
	question text not null,
	body     blob not null,
	primary key (span, period, question)
) strict, without rowid;
