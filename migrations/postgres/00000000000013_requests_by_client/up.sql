-- For the deletion of the requests of a removed client when its id is registered again.
CREATE INDEX authorization_requests_by_client ON authorization_requests (client_id);
CREATE INDEX device_requests_by_client ON device_requests (client_id);
