-- A folder that could not be read is no item: it stands in refusals alone.
DELETE FROM occurrences WHERE position = '' AND outcome = 'refused';
