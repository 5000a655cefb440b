-- +goose Up

-- What was given up is counted whenever the metrics are read.
create index outbox_dead on outbox (kind) where state = 'dead';
