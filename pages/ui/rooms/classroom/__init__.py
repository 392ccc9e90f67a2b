"""The page for teachers: links, lesson plan, worksheet."""
