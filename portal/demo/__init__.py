"""Demo data: a plainly fictional manufacturer, its offices, people, distributors and their agreements."""
