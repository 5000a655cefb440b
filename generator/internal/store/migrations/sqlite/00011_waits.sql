-- +goose Up

-- Seconds from when the person became known to the entry with which a stage was
-- reached; null on any other entry, and where the stage was taken back since.
alter table sales add column waited integer;
update sales as s set waited = max(0, (s.at - (select created_at from leads l where l.id = s.lead)) / 1000)
	where s.stage not in ('', 'lost')
	and not exists (select 1 from sales b where b.lead = s.lead and b.n = s.n - 1 and instr(b.counted, '"' || s.stage || '"') > 0)
	and not exists (select 1 from sales a where a.lead = s.lead and a.n > s.n and not instr(a.counted, '"' || s.stage || '"') > 0)
	and not (s.n = 1 and exists (select 1 from submissions c where c.id = s.lead and c.status = 'imported'));
create index sales_by_wait on sales (stage, day, waited) where waited is not null;
