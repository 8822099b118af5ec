-- fields counted by the triggers of 0003_changes.sql; a number of 0 says that there are none left
select status, field, how, confidence, number from field_counts
