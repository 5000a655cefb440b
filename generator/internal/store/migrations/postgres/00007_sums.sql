-- +goose Up

create table repeats (
	day      text collate "C" not null,
	post     text collate "C" not null,
	previous text collate "C" not null,
	n        bigint           not null,
	primary key (day, post, previous)
) with (fillfactor = 50);

insert into repeats select day, post, previous, count(*) from (
		select day, post, lag(day) over (partition by post, lead order by day, id) as previous from submissions where status = 'accepted') as cards
	where previous is not null group by day, post, previous;

create table sheets (
	span     text collate "C" not null,
	period   text collate "C" not null,
	question text collate "C" not null,
	body     bytea            not null,
	primary key (span, period, question)
);
