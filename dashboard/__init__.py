"""What people see and ask for: pages, JSON API, live stream."""
