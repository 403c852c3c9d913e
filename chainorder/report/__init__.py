"""Results for people and programs: builders make reports, formats write them; neither plans anything."""
