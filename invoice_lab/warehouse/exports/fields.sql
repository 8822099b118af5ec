-- one row a field: those of the header, the total and the QR code, then those of the lines
select sha256, part, field.key as field, field.value ->> 'raw' as raw, field.value ->> 'value' as value,
       (field.value ->> 'confidence')::double precision as confidence, field.value ->> 'how' as how
from parts, jsonb_each(page -> 'fields') as field
union all
select sha256, part, 'lines.' || line.no || '.' || field.key, field.value ->> 'raw', field.value ->> 'value',
       (field.value ->> 'confidence')::double precision, field.value ->> 'how'
from parts, jsonb_array_elements(page -> 'lines') with ordinality as line(content, no), jsonb_each(line.content) as field
where jsonb_typeof(field.value) = 'object'  -- a line without a printed amount has none
order by 1, 2, 3
