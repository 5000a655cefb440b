-- +goose Up

-- When a visitor first read this page, in Unix milliseconds; 0 when it is no
-- post. Where the visitor came from, as JSON, in the row of the whole site alone.
alter table visits add column read_at integer not null default 0;
alter table visits add column origin  text    not null default '';

-- What the day's reading says of a submission: the first post, the posts read
-- besides the one it was sent on (a JSON list), and the origin (JSON), of which
-- source and campaign stand by themselves.
alter table submissions add column first_post text not null default '';
alter table submissions add column assists    text not null default '[]';
alter table submissions add column source     text not null default '';
alter table submissions add column campaign   text not null default '';
alter table submissions add column origin     text not null default '{}';
update submissions set first_post = post;

-- Whom a person's later steps are credited to, as JSON: taken from the first
-- counted submission.
alter table leads add column credit text not null default '{}';
update leads set credit = json_object('first_post', post,
	'revision', coalesce((select revision from submissions where submissions.id = leads.id), ''));

-- Counts by something other than the post: dimension says by what, key which. n
-- is how often, visitors how many different ones, amount what leads brought. post
-- is a path, or * for the whole site.
create table breakdowns (
	dimension text    not null,
	post      text    not null,
	day       text    not null,
	key       text    not null,
	step      text    not null,
	n         integer not null,
	visitors  integer not null,
	amount    real    not null,
	primary key (dimension, post, day, key, step)
) strict, without rowid;

-- What was counted before, as far as it is known.
insert into breakdowns select 'form', '*', day, form, step, sum(n), 0, 0 from tallies where form <> '' group by day, form, step;
insert into breakdowns select 'placement', '*', day, placement, step, sum(n), 0, 0 from tallies where form <> '' group by day, placement, step;
insert into breakdowns select 'source', '*', t.day, '', t.step, sum(n), coalesce((select visitors from reach r where r.day = t.day and r.post = '*' and r.step = t.step), 0), 0
	from tallies t group by t.day, t.step;
insert into breakdowns select 'source', '*', day, '', step, 0, visitors, 0 from reach where post = '*' and step = 'conversion';
insert into breakdowns select 'source', '*', day, '', 'value', 0, 0, sum(amount) from worth group by day;
insert into breakdowns select 'first_post', '*', day, post, step, sum(n), 0, 0 from tallies
	where step not in ('page_view', 'form_view', 'form_start') group by day, post, step;
insert into breakdowns select 'first_post', '*', day, post, step, 0, visitors, 0 from reach where post <> '*' and step = 'conversion';
insert into breakdowns select 'first_post', '*', day, post, 'value', 0, 0, amount from worth;
