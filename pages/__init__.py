"""What people see: one short script a page, its charts, its texts and its session."""
