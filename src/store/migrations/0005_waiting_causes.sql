-- Which cause somebody who waits for a retry failed of last: what needs attention is who fails now, not who failed today.
CREATE INDEX cause_objects_object ON cause_objects (source_id, last_ms, cause_id);
