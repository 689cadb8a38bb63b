DROP TABLE throttled_sources;
DROP TABLE throttled_accounts;
