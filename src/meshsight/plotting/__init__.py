"""Pictures for people: the one `draw`, plots of records, and the one page builder. The only home of matplotlib."""
